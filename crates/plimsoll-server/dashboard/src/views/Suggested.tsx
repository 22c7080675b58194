// What a model says of the findings, where one is configured: text beside them, judged by nobody.
import { useQuery } from "@tanstack/react-query";
import { useAsk } from "../api/changes";
import type { Finding } from "../api/judged";
import { suggestions } from "../api/queries";
import { Trouble } from "../parts/Part";
import { suggestedBy } from "../words/suggested";

interface Told {
  service: string;
  findings: readonly Finding[];
  now: number;
}

export function Suggested({ service, findings, now }: Told) {
  const told = useQuery(suggestions(service)).data;
  const ask = useAsk();
  // Of a service of which nothing is found nothing is asked, and what was said before is over.
  if (!told || findings.length === 0) return null;
  const [newest] = told.suggestions;
  return (
    <section className="sug" aria-label="Suggestion">
      {newest && (
        <>
          <p className="s">{newest.text}</p>
          <p className="e">
            {suggestedBy(
              newest,
              findings.map((one) => one.id),
              now,
            )}
          </p>
        </>
      )}
      <div className="acts">
        <button type="button" disabled={ask.isPending} onClick={() => ask.mutate(service)}>
          Ask{newest && " again"}
          <span className="vh"> what a model says of the findings</span>
        </button>
        <span role="status">{ask.isPending ? "asking …" : ""}</span>
      </div>
      {ask.error && <Trouble error={ask.error} again={() => ask.mutate(service)} />}
    </section>
  );
}
