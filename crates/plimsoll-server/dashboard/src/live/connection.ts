// Whether what the page shows is live: decided here, from what happened and when.

export type Connection =
  | { state: "connecting" }
  /** `by`: told by the stream, or asked for every few seconds where there is none. */
  | { state: "live"; by: "stream" | "asking" }
  | { state: "paused"; since: number }
  | { state: "lost"; since: number; attempt: number; nextTry: number };

export type Happening =
  | { what: "opened"; by: "stream" | "asking" }
  | { what: "failed" }
  | { what: "paused" }
  | { what: "resumed" };

/** Between two questions where the server has no stream; also how long silence of a stream is believed. */
export const ASK_EVERY_MS = 10_000;
/** Without a sign of life for so long, the stream is taken for dead. */
export const SILENCE_MS = 45_000;

/** Waits 1, 2, 4, 8 and then 15 s between tries. */
export function wait(attempt: number): number {
  return Math.min(15_000, 1_000 * 2 ** Math.min(attempt, 10));
}

export function step(connection: Connection, happening: Happening, now: number): Connection {
  switch (happening.what) {
    case "paused":
      return { state: "paused", since: now };
    case "resumed":
      return connection.state === "paused" ? { state: "connecting" } : connection;
    case "opened":
      if (connection.state === "paused") return connection;
      return { state: "live", by: happening.by };
    case "failed": {
      if (connection.state === "paused") return connection;
      const lost = connection.state === "lost" ? connection : null;
      const attempt = lost ? lost.attempt + 1 : 0;
      return { state: "lost", since: lost?.since ?? now, attempt, nextTry: now + wait(attempt) };
    }
  }
}

/** Whether the browser slept: a timer that was due came this much too late. */
export function slept(due: number, now: number): boolean {
  return now - due > 30_000;
}
