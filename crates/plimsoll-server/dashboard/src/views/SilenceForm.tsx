// How long something is not told, and why.
import { type FormEvent, useId, useState } from "react";
import { type SilenceWish, silenceWish } from "../words/silence";

const LENGTHS = [
  { id: "60", label: "1 h" },
  { id: "480", label: "8 h" },
  { id: "1440", label: "24 h" },
  { id: "until", label: "until" },
] as const;

interface Asked {
  /** What is silenced, for who does not see it. */
  label: string;
  busy: boolean;
  silence: (wish: SilenceWish) => void;
  cancel: () => void;
}

export function SilenceForm({ label, busy, silence, cancel }: Asked) {
  const [length, setLength] = useState<(typeof LENGTHS)[number]["id"]>("60");
  const [until, setUntil] = useState("");
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const why = useId();

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wish = silenceWish(length, until, reason, Date.now());
    if (typeof wish === "string") setWrong(wish);
    else {
      setWrong(null);
      silence(wish);
    }
  };

  return (
    <form className="silence" aria-label={label} onSubmit={submit} noValidate>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset has a border and a legend of its own */}
      <span className="seg" role="group" aria-label="For how long">
        {LENGTHS.map((one) => (
          <button key={one.id} type="button" aria-pressed={one.id === length} onClick={() => setLength(one.id)}>
            {one.label}
          </button>
        ))}
      </span>
      {length === "until" && (
        <input
          type="datetime-local"
          className="inp"
          aria-label="Until"
          aria-invalid={wrong !== null}
          aria-describedby={wrong === null ? undefined : why}
          value={until}
          onChange={(event) => setUntil(event.target.value)}
        />
      )}
      <input
        className="inp"
        aria-label="Reason"
        placeholder="Reason"
        maxLength={200}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      <button type="submit" className="btn" disabled={busy}>
        Silence
      </button>
      <button type="button" className="btn bare" onClick={cancel}>
        Cancel
      </button>
      {wrong && (
        <span id={why} className="p" role="alert">
          {wrong}
        </span>
      )}
    </form>
  );
}
