// Whether the page is live, in words.
import type { Connection } from "../live/connection";
import { clock } from "./moments";
import { NBSP } from "./numbers";

/** The words beside the dot. */
export function lampWords(connection: Connection, now: number): string {
  switch (connection.state) {
    case "connecting":
      return "Connecting";
    case "live":
      return connection.by === "stream" ? "Live, windows of 10 s" : "Live, asked every 10 s";
    case "paused":
      return `Paused at ${clock(connection.since)}`;
    case "lost": {
      const seconds = Math.ceil((connection.nextTry - now) / 1000);
      const next = seconds > 0 ? `next try in ${seconds}${NBSP}s` : "trying";
      return `Lost at ${clock(connection.since)}, ${next}`;
    }
  }
}
