// What the page changes on the server.
import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { read, urlOf } from "./client";
import type { Alert, NewSilence, Replay, Silence, Suggestion, ThresholdChanges, Thresholds } from "./judged";
import { ALERTS, LIVE, SUGGESTIONS, thresholds } from "./queries";

const alertPath = (id: string, what: string) => `/api/performance/alerts/${encodeURIComponent(id)}/${what}`;

/** A change of alerts or silences; what shows them is read again afterwards, also when it failed. */
function useAlertChange<V, R>(change: (value: V) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ALERTS });
    },
  });
}

export const useAcknowledge = () =>
  useAlertChange((id: string) => read<Alert>(alertPath(id, "acknowledge"), { post: {} }));

export const useResolve = () => useAlertChange((id: string) => read<Alert>(alertPath(id, "resolve"), { post: {} }));

export const useSilence = () =>
  useAlertChange((silence: NewSilence) => read<Silence>("/api/performance/silences", { post: silence }));

export const useUnsilence = () =>
  useAlertChange((id: string) =>
    read<unknown>(`/api/performance/silences/${encodeURIComponent(id)}`, { remove: true }),
  );

/** Asks a model what it says of the findings of a service now. */
export function useAsk() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (service: string) => read<Suggestion>("/api/v1/suggestions", { post: { service } }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: SUGGESTIONS });
    },
  });
}

/** Days that a replay goes back. */
export const REPLAY_DAYS = 7;

/** What would have fired with these values. */
export const useReplay = (service: string | null) =>
  useMutation({
    mutationFn: (changes: ThresholdChanges) =>
      read<Replay>(urlOf("/api/performance/thresholds/replay"), {
        post: { thresholds: changes, days: REPLAY_DAYS, ...(service === null ? {} : { service }) },
      }),
  });

export function useThresholdChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (changes: ThresholdChanges) => read<Thresholds>("/api/performance/thresholds", { put: changes }),
    onSuccess: (now) => judgedAnew(client, now),
  });
}

/** Other bands are other places: everything that was judged is read again. */
function judgedAnew(client: QueryClient, now: Thresholds): void {
  client.setQueryData(thresholds().queryKey, now);
  void client.invalidateQueries({ queryKey: [LIVE] });
}
