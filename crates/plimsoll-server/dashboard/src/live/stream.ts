// One connection to the server: its stream of events, or a question every few seconds.
import { heardBuild } from "./build";

export interface Listening {
  opened: (by: "stream" | "asking") => void;
  /** Something on the page may have changed. */
  news: () => void;
  /** It is over; the next try is another connection. */
  failed: () => void;
  askEvery: number;
  silence: number;
}

export interface Connected {
  close: () => void;
}

/** What the stream tells; `reset` means that some of it was missed. */
const NEWS = ["window", "event", "change", "reset", "message"];
/** Signs of life that are no news. */
const SIGNS = ["hello", "ping", "keepalive", "heartbeat"];

/** Opens the stream; where the server has none, asks instead. */
export function openStream(listening: Listening): Connected {
  let closed = false;
  let stop = () => {};
  const once = (then: () => void) => () => {
    if (closed) return;
    closed = true;
    stop();
    then();
  };
  const failed = once(listening.failed);
  const watch = (source: EventSource) => {
    let timer = 0;
    const alive = () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(failed, listening.silence);
    };
    stop = () => {
      window.clearTimeout(timer);
      source.close();
    };
    source.onopen = () => {
      alive();
      listening.opened("stream");
    };
    // The browser would try again by itself, but does not say when: we close and say it.
    source.onerror = failed;
    for (const name of NEWS) {
      source.addEventListener(name, () => {
        alive();
        listening.news();
      });
    }
    for (const name of SIGNS) source.addEventListener(name, alive);
  };
  void hasStream().then(
    (streams) => {
      if (closed) return;
      if (streams) {
        watch(new EventSource("/api/stream"));
        return;
      }
      listening.opened("asking");
      const timer = window.setInterval(() => {
        hasStream().then(() => {
          if (!closed) listening.news();
        }, failed);
      }, listening.askEvery);
      stop = () => window.clearInterval(timer);
    },
    () => failed(),
  );
  return {
    close: () => {
      closed = true;
      stop();
    },
  };
}

/** Whether the server has a stream; an error when it does not answer at all. */
async function hasStream(): Promise<boolean> {
  const control = new AbortController();
  const timer = window.setTimeout(() => control.abort(), 5_000);
  try {
    const response = await fetch("/api/stream", {
      signal: control.signal,
      headers: { accept: "text/event-stream" },
    });
    heardBuild(response.headers.get("x-plimsoll-page"));
    if (response.status >= 500 && response.status !== 501) throw new Error(`answered ${response.status}`);
    return response.ok && (response.headers.get("content-type") ?? "").startsWith("text/event-stream");
  } finally {
    window.clearTimeout(timer);
    control.abort();
  }
}
