// What can be done with an alert: acknowledge, resolve, silence; what came of it is said.
import "../style/alerts.css";
import { type ReactNode, useId, useState } from "react";
import { useAcknowledge, useResolve, useSilence } from "../api/changes";
import type { Alert } from "../api/judged";
import { Trouble } from "../parts/Part";
import { isSilenced } from "../words/alerts";
import { hour } from "../words/moments";
import { SilenceForm } from "./SilenceForm";

interface Actions {
  /** Null: nothing fires, so there is nothing to acknowledge. */
  alert: Alert | null;
  about: { service: string; key: string; title: string };
  now: number;
  /** What else there is to go to. */
  children?: ReactNode;
  /** Whether it can be ended by hand here. */
  resolves?: boolean;
}

export function AlertActions({ alert, about, now, children, resolves = false }: Actions) {
  const acknowledge = useAcknowledge();
  const resolve = useResolve();
  const silence = useSilence();
  const [asking, setAsking] = useState(false);
  const form = useId();
  const silenced = alert !== null && isSilenced(alert, now);
  const done = saidOf(acknowledge.data, resolve.data !== undefined, silence.data?.until, now);
  const failed = failureOf(acknowledge) ?? failureOf(resolve) ?? failureOf(silence);
  const busy = acknowledge.isPending || resolve.isPending;

  return (
    <>
      <div className="acts">
        {children}
        {alert?.state === "firing" && alert.acknowledged_at === null && (
          <button type="button" disabled={busy} onClick={() => acknowledge.mutate(alert.id)}>
            Acknowledge<span className="vh">: {about.title}</span>
          </button>
        )}
        {resolves && alert?.state === "firing" && (
          <button
            type="button"
            disabled={busy}
            title="If it goes on, another alert follows"
            onClick={() => resolve.mutate(alert.id)}
          >
            Resolve<span className="vh">: {about.title}</span>
          </button>
        )}
        {!silenced && (
          <button type="button" aria-expanded={asking} aria-controls={form} onClick={() => setAsking((open) => !open)}>
            Silence<span className="vh">: {about.title}</span>
          </button>
        )}
        <span role="status">{done}</span>
      </div>
      {failed && <Trouble error={failed.error} again={failed.again} />}
      <div id={form} hidden={!asking}>
        {asking && (
          <SilenceForm
            label={`Silence ${about.title}`}
            busy={silence.isPending}
            cancel={() => setAsking(false)}
            silence={(wish) =>
              silence.mutate({ service: about.service, key: about.key, ...wish }, { onSuccess: () => setAsking(false) })
            }
          />
        )}
      </div>
    </>
  );
}

interface Change<V> {
  error: Error | null;
  variables: V | undefined;
  mutate: (variables: V) => void;
}

/** Why a change failed, and how the same is tried again. */
function failureOf<V>({ error, variables, mutate }: Change<V>): { error: Error; again: () => void } | null {
  return error && variables !== undefined ? { error, again: () => mutate(variables) } : null;
}

function saidOf(acknowledged: Alert | undefined, resolved: boolean, until: string | undefined, now: number): string {
  if (resolved) return "Resolved. If it goes on, another alert follows.";
  if (until !== undefined) return `Silenced until ${hour(Date.parse(until), now)}.`;
  const at = acknowledged?.acknowledged_at;
  return at ? `Acknowledged at ${hour(Date.parse(at), now)}.` : "";
}
