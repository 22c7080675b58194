// The standards: bands of the classes and four thresholds, edited, replayed against the last days, saved or reset.
import "../style/alerts.css";
import "../style/standards.css";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { useReplay, useThresholdChange } from "../api/changes";
import { Problem } from "../api/client";
import type { StandardsAnswer, ThresholdChanges, Thresholds } from "../api/judged";
import { loadLine, standards, thresholds } from "../api/queries";
import { LOW } from "../load-line/geometry";
import { LoadLine } from "../load-line/LoadLine";
import { Part, Trouble } from "../parts/Part";
import { go, servicePath } from "../route/location";
import { changesNothing, changesOf, type Draft, resetOf, wrongs } from "../standards/edit";
import { objectiveWords, savedWords } from "../words/standards";
import { ReplayResult } from "./ReplayResult";
import { BandFields, ThresholdFields } from "./StandardsFields";

export default function StandardsView({ service }: { service: string | null }) {
  const asked = useQuery(thresholds());
  useEffect(() => {
    document.title = `Standards${service === null ? "" : ` of ${service}`} · Plimsoll`;
  }, [service]);
  return (
    <>
      <section className="wrap lead">
        <h1>
          <b>Standards.</b> A class is judged by its p95 against investigate.
        </h1>
        <p>
          They judge every service. What is set here holds over the file, the file over the profile.{" "}
          {service !== null && <About service={service} />}
        </p>
      </section>
      {service !== null && <Line service={service} />}
      <div className="wrap sec">
        <Part asked={asked} reading="the standards">
          {(saved) => <Editor saved={saved} service={service} />}
        </Part>
      </div>
    </>
  );
}

function About({ service }: { service: string }) {
  const answer = useQuery(standards(service)).data;
  if (!answer) return null;
  return (
    <>
      Of {service}: profile {answer.profile} · objective {objectiveWords(answer.objective)} above the line over{" "}
      {answer.objective_days} days{answer.file && ` · file ${answer.file}`}
      {answer.file_error && (
        <>
          {" "}
          · <b className="p">the file cannot be used: {answer.file_error}</b>
        </>
      )}
    </>
  );
}

/** Where its floats lie now, low: the subject here is the bands. */
function Line({ service }: { service: string }) {
  const line = useQuery(loadLine(service)).data;
  if (!line) return null;
  return (
    <LoadLine
      groups={line.groups}
      minutes={line.period_minutes}
      now={Date.parse(line.timestamp)}
      lastSeen={null}
      scale={LOW}
      open={() => go(servicePath(service))}
    />
  );
}

function Editor({ saved, service }: { saved: Thresholds; service: string | null }) {
  // What stands beside the bands: the values of the service, if one is looked at.
  const beside = useQuery({ ...standards(service ?? ""), enabled: service !== null }).data ?? null;
  const [draft, setDraft] = useState<Draft>({});
  const replay = useReplay(service);
  const save = useThresholdChange();
  const changes = changesOf(draft, saved);
  const wrong = withProblem(wrongs(draft, saved), save.error);
  const nothing = changesNothing(changes);
  const bad = Object.keys(wrongs(draft, saved)).length > 0;

  const edit = (path: string, text: string) => {
    setDraft((before) => ({ ...before, [path]: text }));
    replay.reset();
    save.reset();
  };
  const put = (what: ThresholdChanges) =>
    save.mutate(what, {
      onSuccess: () => {
        setDraft({});
        replay.reset();
      },
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!bad && !nothing) put(changes);
  };
  const reset = (path: string) => put(resetOf(saved, path));
  const fields = { saved, draft, wrong, edit, reset, busy: save.isPending };
  const all = resetOf(saved);

  return (
    <form className="standards" onSubmit={submit} noValidate aria-label="Standards">
      <BandFields {...fields} beside={bySavedClasses(beside, saved)} />
      <ThresholdFields {...fields} />
      <div className="ways">
        <button
          type="button"
          className="btn"
          disabled={bad || nothing || replay.isPending}
          onClick={() => replay.mutate(changes)}
        >
          Replay the last 7 days with this
        </button>
        <button type="submit" className="btn main" disabled={bad || nothing || save.isPending}>
          Save
        </button>
        <button
          type="button"
          className="btn bare"
          disabled={Object.keys(draft).length === 0}
          onClick={() => setDraft({})}
        >
          Undo
        </button>
        {!changesNothing(all) && (
          <button type="button" className="btn bare" disabled={save.isPending} onClick={() => put(all)}>
            Reset all to the file
          </button>
        )}
        <span role="status">
          {savedWords({ saving: save.isPending, saved: save.isSuccess, replaying: replay.isPending })}
        </span>
      </div>
      {save.error && !fieldOf(save.error) && (
        <Trouble error={save.error} again={() => save.variables && put(save.variables)} />
      )}
      {replay.error && (
        <Trouble error={replay.error} again={() => replay.variables && replay.mutate(replay.variables)} />
      )}
      {replay.data && <ReplayResult replay={replay.data} named={service === null} />}
    </form>
  );
}

/** The classes in the order of the configuration, with what the service does now. */
function bySavedClasses(beside: StandardsAnswer | null, saved: Thresholds) {
  const known = beside?.classes.filter((one) => saved.classes[one.name] !== undefined) ?? [];
  const others = Object.keys(saved.classes).filter((name) => !known.some((one) => one.name === name));
  return [...known.map((one) => ({ name: one.name, now: one })), ...others.map((name) => ({ name, now: null }))];
}

/** The field that a problem names. */
function fieldOf(error: Error | null): string | undefined {
  return error instanceof Problem ? error.field : undefined;
}

/** What the server found wrong with a field stands beside it too. */
function withProblem(wrong: Record<string, string>, error: Error | null): Record<string, string> {
  const field = fieldOf(error);
  return field === undefined || !error ? wrong : { [field]: error.message, ...wrong };
}
