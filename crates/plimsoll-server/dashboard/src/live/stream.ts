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
const NEWS = ["window", "event", "change", "reset"];
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
    // A server where nothing happens has nothing to tell: ask whether it is there.
    const quiet = () => void hasStream().then(alive, failed);
    const alive = () => {
      window.clearTimeout(timer);
      if (!closed) timer = window.setTimeout(quiet, listening.silence);
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
  };
  void hasStream().then(
    (streams) => {
      if (closed) return;
      if (streams) {
        watch(new EventSource("/api/stream"));
        return;
      }
      listening.opened("asking");
      let timer = 0;
      const again = () => {
        if (closed) return;
        timer = window.setTimeout(
          () => {
            hasStream().then(() => {
              if (!closed) listening.news();
              again();
            }, failed);
          },
          untilNext(Date.now(), listening.askEvery),
        );
      };
      again();
      stop = () => window.clearTimeout(timer);
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

/** Windows end at multiples of their length; a moment later they have come. */
const SETTLED_MS = 1_200;

/** How long until the next window has come. */
export function untilNext(now: number, every: number): number {
  return every - ((now - SETTLED_MS) % every);
}

/** Whether the server has a stream, with a place in it; an error when it does not answer at all. */
async function hasStream(): Promise<boolean> {
  const control = new AbortController();
  const timer = window.setTimeout(() => control.abort(), 5_000);
  try {
    const response = await fetch("/api/stream", {
      signal: control.signal,
      headers: { accept: "text/event-stream" },
    });
    heardBuild(response.headers.get("x-plimsoll-page"));
    // 501 and 503: no stream here, or no place in it. What stands before a server that is gone answers 502 and 504.
    if ([502, 504].includes(response.status)) throw new Error(`answered ${response.status}`);
    return response.ok && (response.headers.get("content-type") ?? "").startsWith("text/event-stream");
  } finally {
    window.clearTimeout(timer);
    control.abort();
  }
}
