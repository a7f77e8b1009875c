import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { chaos } from './chaos.js';

/** `npm run chaos -- --kills 20 --seed 1`: a sweep under fire, compared with the same sweep in peace. */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '6' },
    epochs: { type: 'string', default: '12' },
    images: { type: 'string', default: '300' },
  },
});

const folder = mkdtempSync(path.join(tmpdir(), 'chromatune-chaos-'));
const report = await chaos({
  folder,
  kills: Number(values.kills),
  seed: Number(values.seed),
  pauseMs: [2000, 8000],
  runs: Number(values.runs),
  epochs: Number(values.epochs),
  images: Number(values.images),
  log: console.log,
});
rmSync(folder, { recursive: true, force: true });

console.table(
  report.interrupted.map((remains, index) => {
    const reference = report.reference[index]!;
    return {
      run: index,
      state: remains.state,
      attempts: remains.attempts,
      'steps faulty': remains.faultySteps,
      points: Object.values(remains.points).reduce((sum, count) => sum + count, 0),
      'points expected': Object.values(reference.points).reduce((sum, count) => sum + count, 0),
      'weights equal': remains.weightsSha256 !== null && remains.weightsSha256 === reference.weightsSha256,
    };
  }),
);
console.log('kills', report.kills, 'seconds', report.seconds);

const withoutAttempts = (remains: typeof report.reference) => remains.map(({ attempts: _, ...rest }) => rest);
const isExact = isDeepStrictEqual(withoutAttempts(report.interrupted), withoutAttempts(report.reference));
console.log(
  isExact
    ? 'Nothing lost, nothing doubled, weights identical.'
    : 'The sweep under fire DIFFERS from the one in peace.',
);
process.exitCode = isExact ? 0 : 1;
