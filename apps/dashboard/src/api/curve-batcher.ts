import type { Curve, MetricName } from '@chromatune/contracts';
import { type CurvesRequest, fetchCurves, type StepRange } from './client.js';
import { groupBy } from './group-by.js';

export interface CurveRequest {
  runId: string;
  metric: MetricName;
  buckets: number;
  range: StepRange | null;
}

interface Waiting {
  request: CurveRequest;
  resolve: (curve: Curve | null) => void;
  reject: (reason: unknown) => void;
}

/** Most runs in one request, so that addresses stay short and the first curves come soon. */
const runsPerRequest = 50;

/**
 * Joins the curves that components ask for in the same moment into few requests. Each curve keeps its own cache entry,
 * so that one more selected run fetches one more curve. Answers null where the API knows of no such curve.
 */
export function createCurveBatcher(fetchMany: (request: CurvesRequest) => Promise<Curve[]> = fetchCurves) {
  let waiting: Waiting[] = [];

  const flush = () => {
    const groups = groupBy(waiting, ({ request: { buckets, range } }) => JSON.stringify([buckets, range]));
    waiting = [];
    for (const group of groups.values()) {
      const runs = [...new Set(group.map(({ request }) => request.runId))];
      for (let from = 0; from < runs.length; from += runsPerRequest) {
        const part = new Set(runs.slice(from, from + runsPerRequest));
        void answer(group.filter(({ request }) => part.has(request.runId)));
      }
    }
  };

  const answer = async (group: Waiting[]) => {
    const [{ request: first } = { request: undefined }] = group;
    if (!first) return;
    const runs = [...new Set(group.map(({ request }) => request.runId))];
    const metrics = [...new Set(group.map(({ request }) => request.metric))];
    try {
      const curves = await fetchMany({ runs, metrics, buckets: first.buckets, range: first.range });
      const byName = new Map(curves.map((curve) => [`${curve.runId} ${curve.metric}`, curve]));
      for (const { request, resolve } of group) {
        resolve(byName.get(`${request.runId} ${request.metric}`) ?? null);
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };

  return (request: CurveRequest): Promise<Curve | null> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setTimeout(flush, 0);
      waiting.push({ request, resolve, reject });
    });
}
