// Keeps the page live: by the server's stream, or by asking where it has none; says when it is not.
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import { windowCame } from "../api/queries";
import { ASK_EVERY_MS, type Connection, SILENCE_MS, slept, step } from "./connection";
import { openStream } from "./stream";

interface Live {
  connection: Connection;
  /** Pauses, or goes on. */
  toggle: () => void;
  /** Tries again at once. */
  retry: () => void;
}

const Context = createContext<Live>({ connection: { state: "connecting" }, toggle: () => {}, retry: () => {} });

export function useLive(): Live {
  return useContext(Context);
}

/** At most one refresh in so many milliseconds, however many events come. */
const SETTLE_MS = 500;

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [connection, setConnection] = useState<Connection>({ state: "connecting" });
  const [round, setRound] = useState(0);
  const refreshing = useRef<number | undefined>(undefined);
  // What is shown first is read while the first connection is made.
  const first = useRef(true);

  const refresh = useCallback(() => {
    if (refreshing.current !== undefined) return;
    refreshing.current = window.setTimeout(() => {
      refreshing.current = undefined;
      // Who is not looked at reads again when it is.
      if (document.visibilityState === "visible") windowCame(client);
    }, SETTLE_MS);
  }, [client]);

  const paused = connection.state === "paused";
  const nextTry = connection.state === "lost" ? connection.nextTry : null;

  // Each round is one connection: the stream if the server has one, else questions.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round is a new connection
  useEffect(() => {
    if (paused) return;
    const stream = openStream({
      opened: (by) => {
        setConnection((before) => step(before, { what: "opened", by }, Date.now()));
        if (!first.current) refresh();
        first.current = false;
      },
      news: refresh,
      failed: () => setConnection((before) => step(before, { what: "failed" }, Date.now())),
      askEvery: ASK_EVERY_MS,
      silence: SILENCE_MS,
    });
    return () => {
      stream.close();
      window.clearTimeout(refreshing.current);
      refreshing.current = undefined;
    };
  }, [paused, refresh, round]);

  useEffect(() => {
    if (nextTry === null) return;
    const timer = window.setTimeout(() => setRound((before) => before + 1), Math.max(0, nextTry - Date.now()));
    return () => window.clearTimeout(timer);
  }, [nextTry]);

  // A machine that slept has a stream that looks open and is not: connect anew, which reads everything again once.
  useEffect(() => {
    if (paused) return;
    const TICK = 5_000;
    let due = Date.now() + TICK;
    let hiddenSince: number | null = null;
    const wake = () => setRound((before) => before + 1);
    const timer = window.setInterval(() => {
      const now = Date.now();
      if (slept(due, now) && document.visibilityState === "visible") wake();
      due = now + TICK;
    }, TICK);
    const looked = () => {
      const now = Date.now();
      if (document.visibilityState === "hidden") {
        hiddenSince = now;
        return;
      }
      if (hiddenSince !== null && now - hiddenSince > SILENCE_MS) wake();
      else refresh();
      hiddenSince = null;
      due = now + TICK;
    };
    window.addEventListener("online", wake);
    document.addEventListener("visibilitychange", looked);
    return () => {
      window.clearInterval(timer);
      window.removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", looked);
    };
  }, [paused, refresh]);

  const toggle = useCallback(() => {
    setConnection((before) => step(before, { what: before.state === "paused" ? "resumed" : "paused" }, Date.now()));
  }, []);
  const retry = useCallback(() => setRound((before) => before + 1), []);
  const live = useMemo(() => ({ connection, toggle, retry }), [connection, toggle, retry]);
  return <Context value={live}>{children}</Context>;
}
