import { storedPoint } from '@chromatune/contracts';
import { z } from 'zod';
import { firstSweep, launchRuns, slotsOf, startWithScenes, untilCompleted } from '../first-sweep.js';
import { type Arrival, hearPoints } from '../live-points.js';
import { median, quantile } from '../numbers.js';
import type { Options, Part, Result } from '../part.js';
import { type Row, until } from '@chromatune/test-support';

const scenes = 800;
const epochs = 4;
const mostSeconds = 1;

/**
 * How long a point is on its way: from its `at`, which the training process writes when it has measured it, to its arrival
 * at a client of `GET /live`, while as many runs train as the trainer has slots. All clocks are this machine's.
 */
export const livePart: Part = {
  name: 'live',
  measures: 'time from a measurement in the training process to its arrival at a client',
  takes: '2 min',
  async run({ say }: Options): Promise<Result> {
    const platform = await startWithScenes('live', scenes);
    const over = new AbortController();
    try {
      const slots = await slotsOf(platform);
      say(`${slots} runs side by side …`);
      const sweepId = await launchRuns(platform, firstSweep, { runs: slots, epochs });
      const arrivals = await hearPoints(platform.apiUrl, sweepId, over.signal);
      const runs = await untilCompleted(platform, sweepId, slots);
      const stored = await Promise.all(
        runs.map(({ id }) => platform.get(`runs/${id}/points?limit=100000`, z.array(storedPoint))),
      );
      const points = stored.flat().length;
      const lastPoint = Date.now() + mostSeconds * 1000; // the end of a run is known before its last points are heard
      await until('the last points', async () => arrivals.length >= points || Date.now() > lastPoint);
      return report(arrivals, points);
    } finally {
      over.abort();
      await platform.stop();
    }
  },
};

function report(arrivals: Arrival[], stored: number): Result {
  const ofSteps = arrivals.filter(({ point }) => point.metric === 'train/loss');
  const ofEpochs = arrivals.filter(({ point }) => point.metric !== 'train/loss');
  const slowest = Math.max(...arrivals.map(secondsOf));
  return {
    rows: [row('of each step', ofSteps), row('of each epoch', ofEpochs), row('all', arrivals)],
    checks: [
      { what: 'slowest point', value: slowest, atMost: mostSeconds, unit: 's' },
      { what: 'points that did not arrive', value: stored - arrivals.length, atMost: 0, unit: '' },
    ],
    notes: [],
  };
}

function row(points: string, arrivals: Arrival[]): Row {
  const ms = arrivals.map((arrival) => secondsOf(arrival) * 1000);
  return {
    points,
    count: ms.length,
    'median ms': median(ms),
    'p95 ms': quantile(ms, 0.95),
    'max ms': quantile(ms, 1),
    'over 1 s %': (ms.filter((one) => one > mostSeconds * 1000).length / ms.length) * 100,
  };
}

const secondsOf = ({ point, arrivedAt }: Arrival): number => (arrivedAt - Date.parse(point.at)) / 1000;
