import type { MetricName, PriorQuery, Run, Sample } from '@chromatune/contracts';
import { QueryClient, queryOptions } from '@tanstack/react-query';
import { api, type StepRange } from './client.js';
import { createCurveBatcher } from './curve-batcher.js';
import { ApiError, ContractError } from './errors.js';
import { type FollowedCurve, LiveLedger } from './live-ledger.js';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 60_000, // live events keep what is on the screen fresh
      gcTime: 10 * 60_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) =>
        failures < 2 &&
        !(error instanceof ContractError) &&
        !(error instanceof ApiError && error.problem.status < 500),
      retryDelay: (failures) => 400 * 2 ** failures,
    },
  },
});

/** Points that came live, of every run this page follows. */
export const ledger = new LiveLedger();
const curveOf = createCurveBatcher();

/** Buckets asked for of a curve: about two a pixel column of a chart, so that extremes are where they belong. */
export const chartBuckets = 1000;
export const sparklineBuckets = 48;

/** Keys and fetchers of everything that is cached. Live events change the same keys in `live-updates.ts`. */
export const queries = {
  sweeps: () => queryOptions({ queryKey: ['sweeps'], queryFn: api.sweeps }),
  sweep: (id: string) => queryOptions({ queryKey: ['sweep', id], queryFn: () => api.sweep(id) }),
  sweepRuns: (id: string) => queryOptions({ queryKey: ['sweep-runs', id], queryFn: () => api.sweepRuns(id) }),
  runs: (ids: string[]) =>
    queryOptions({
      queryKey: ['runs', ids.join(',')],
      queryFn: (): Promise<Run[]> => (ids.length === 0 ? Promise.resolve([]) : api.runs(ids)),
    }),
  run: (id: string) => queryOptions({ queryKey: ['run', id], queryFn: () => api.run(id) }),
  samples: (id: string) =>
    queryOptions({
      queryKey: ['samples', id],
      queryFn: async (): Promise<Sample[]> => (await api.samples(id)).sort((a, b) => a.epoch - b.epoch),
    }),
  log: (id: string) => queryOptions({ queryKey: ['log', id], queryFn: () => api.log(id) }),
  curve: (runId: string, metric: MetricName, buckets = chartBuckets, range: StepRange | null = null) =>
    queryOptions({
      queryKey: ['curve', runId, metric, buckets, range] as const,
      queryFn: async (): Promise<FollowedCurve | null> => {
        const seenBefore = ledger.lastSeen(runId);
        const curve = await curveOf({ runId, metric, buckets, range });
        return curve && ledger.catchUp(curve, seenBefore);
      },
    }),
  datasets: () => queryOptions({ queryKey: ['datasets'], queryFn: api.datasets }),
  dataset: (name: string) => queryOptions({ queryKey: ['dataset', name], queryFn: () => api.dataset(name) }),
  datasetVersion: (digest: string) =>
    queryOptions({
      queryKey: ['dataset-version', digest],
      queryFn: () => api.datasetVersion(digest),
      staleTime: Infinity, // a version never changes
    }),
  datasetPrior: (digest: string, bins: PriorQuery) =>
    queryOptions({
      queryKey: ['dataset-prior', digest, bins.binSet, bins.binGridSize],
      queryFn: () => api.datasetPrior(digest, bins),
      staleTime: Infinity,
    }),
  trainers: () => queryOptions({ queryKey: ['trainers'], queryFn: api.trainers, refetchInterval: 10_000 }),
};
