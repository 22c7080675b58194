// A part of a view that is read by itself: loading, failing or empty, its frame stays.
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { Problem } from "../api/client";

interface Shown<T> {
  asked: UseQueryResult<T>;
  /** What is being read, as in "reading 7 days". */
  reading: string;
  children: (answer: T) => ReactNode;
}

/** Shows what was read; old values stay until new ones replace them, and beside an error. */
export function Part<T>({ asked, reading, children }: Shown<T>) {
  if (asked.data !== undefined) {
    return (
      <>
        {asked.isError && !isUnreachable(asked.error) && <Trouble error={asked.error} again={() => asked.refetch()} />}
        {children(asked.data)}
      </>
    );
  }
  if (asked.isError) return <Trouble error={asked.error} again={() => asked.refetch()} />;
  return <Reading what={reading} />;
}

function isUnreachable(error: Error): boolean {
  return error instanceof Problem && error.unreachable;
}

/** The sentence of the problem, and another try. */
export function Trouble({ error, again }: { error: Error; again: () => void }) {
  const sentence = error instanceof Problem ? error.sentence : `${error.message}.`;
  return (
    <p className="note bad" role="alert">
      <span>{sentence}</span>
      <button type="button" className="btn" onClick={again}>
        Try again
      </button>
    </p>
  );
}

/** Says what is read when it takes longer than one notices. */
export function Reading({ what }: { what: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setLate(true), 400);
    return () => window.clearTimeout(timer);
  }, []);
  return (
    <p className="dim" role="status">
      {late ? `reading ${what} …` : "\u00a0"}
    </p>
  );
}
