import {
  type Environment,
  fromMeasured,
  type RunDetail,
  runDetail,
  sample,
  type StoredPoint,
  storedPoint,
} from '@chromatune/contracts';
import { type Platform, type Row, until } from '@chromatune/test-support';
import { z } from 'zod';
import {
  firstSweep,
  launchRuns,
  runsOf,
  slotsOf,
  startWithScenes,
  table1,
  type TrainedNetwork,
  untilCompleted,
} from '../first-sweep.js';
import { middleMean, median, sum } from '../numbers.js';
import type { Options, Part, Result } from '../part.js';
import { cpuUseOf, type CpuUse } from '../process-cpu.js';
import type { Turn } from '../step-job.js';
import { Stepper } from '../stepper.js';

/** With 1700 scenes, of which 1360 are trained on, an epoch is as long as on the first photographs (168 x 8 crops). */
const scenes = 1700;
/** How imports split them (libs/data/src/import/split.ts); the rest is for tests. */
const share = { trained: 0.8, validated: 0.1 };
const bareSeconds = 20;
const bareEvaluationSeconds = 5;
const defaultRounds = 2;
/** The first epoch, in which programs are compiled and files arrive, does not count. */
const trained = [
  { network: firstSweep, epochs: 12 },
  { network: table1, epochs: 4 },
];

/** One run on the platform, in milliseconds. */
interface Measured {
  /** Between two whole batches of an epoch: a step, its data and points, and whatever competes for the cores. */
  steps: number[];
  /** From the last step of an epoch to what its validation measured: forward passes and metrics. */
  validation: number[];
  /** From there to the sample. */
  sample: number[];
  /** From there to the first step of the next epoch, less a typical step: checkpoint, and the epoch's first batch. */
  checkpoint: number[];
  /** Share of the time of steps in which they waited for their batches. */
  waiting: number;
}

/** What the project promises of each, as a share of the time of training. */
const promised = 0.02;

/**
 * What the platform costs: as many runs as the trainer has slots train side by side on it, and as many bare loops (the same
 * recipe, engine and threads; no data, no supervisor) take steps side by side without it. The two take turns.
 */
export const overheadPart: Part = {
  name: 'overhead',
  measures: 'what supervisor, data, metrics, samples and checkpoints add to the bare loop',
  takes: '7 min',
  async run({ rounds = defaultRounds, say }: Options): Promise<Result> {
    const platform = await startWithScenes('overhead', scenes);
    try {
      const slots = await slotsOf(platform);
      const results: Result[] = [];
      for (const { network, epochs } of trained) {
        const measured: Totals = { runs: [], cpu: [], bare: [], evaluation: [] };
        for (let round = 1; round <= rounds; round++) {
          say(`${network.name}, round ${round} of ${rounds}: ${slots} runs side by side on the platform …`);
          const done = await trainOnPlatform(platform, network, { runs: slots, epochs });
          measured.cpu.push(done.cpu);
          for (const { id } of done.details) measured.runs.push(await measure(platform, id));
          say(`${network.name}, round ${round} of ${rounds}: ${slots} bare loops side by side …`);
          measured.bare.push(...(await stepBare(done.details, 'engine', bareSeconds)));
          measured.evaluation.push(...(await stepBare(done.details, 'evaluation', bareEvaluationSeconds)));
        }
        results.push(report(network, measured, { runs: slots, epochs }));
      }
      return {
        rows: results.flatMap(({ rows }) => rows),
        checks: results.flatMap(({ checks }) => checks),
        notes: results.flatMap(({ notes }) => notes),
      };
    } finally {
      await platform.stop();
    }
  },
};

/** Trains on the platform. CPU time is that from the first steps to the end, in milliseconds a step. */
async function trainOnPlatform(platform: Platform, network: TrainedNetwork, options: Size) {
  const slots = options.runs;
  const sweepId = await launchRuns(platform, network, options);
  const stepsDone = async () => sum((await runsOf(platform, sweepId)).map(({ step }) => step));
  await until('the first steps', async () => {
    const runs = await runsOf(platform, sweepId);
    return runs.length === slots && runs.every(({ step }) => step > 0);
  });
  const [cpuBefore, stepsBefore] = [cpuOf(platform), await stepsDone()];
  const runs = await untilCompleted(platform, sweepId, slots);
  const [cpuAfter, steps] = [cpuOf(platform), (await stepsDone()) - stepsBefore];
  const details = await Promise.all(runs.map(({ id }) => platform.get(`runs/${id}`, runDetail)));
  return { cpu: cpuAfter.map((seconds, who) => ((seconds - cpuBefore[who]!) * 1000) / steps), details };
}

/** Whose CPU time is told apart: the training processes are the trainer's children. */
const workers = ['training processes', 'supervisor', 'API', 'PostgreSQL', 'Redis'] as const;

function cpuOf(platform: Platform): number[] {
  const pids = platform.pids();
  const use = (name: string) => cpuUseOf(pids[name] ?? 0);
  const all = ({ own, descendants }: CpuUse) => own + descendants;
  const { own, descendants } = use('trainer');
  return [descendants, own, all(use('api')), all(use('postgres')), all(use('redis'))];
}

async function measure(platform: Platform, runId: string): Promise<Measured> {
  const points = await platform.get(`runs/${runId}/points?limit=100000`, z.array(storedPoint));
  const samples = await platform.get(`runs/${runId}/samples`, z.array(sample));
  const laterEpochs = points.filter(({ epoch }) => epoch > 1);
  const losses = laterEpochs.filter(({ metric }) => metric === 'train/loss');
  const lossesOf = (epoch: number) => losses.filter((loss) => Math.ceil(loss.epoch) === epoch);
  const epochs = [...new Set(losses.map(({ epoch }) => Math.ceil(epoch)))];

  const steps = epochs.flatMap((epoch) => gaps(lossesOf(epoch).slice(0, -1))); // the last batch is smaller
  const ends = samples
    .filter(({ epoch }) => epochs.includes(epoch) && epochs.includes(epoch + 1))
    .map(({ epoch, at }) => ({
      lastStep: timeOf(lossesOf(epoch).at(-1)!),
      validated: timeOf(
        laterEpochs.find((one) => one.metric === 'validation/abRmse' && one.epoch === epoch)!,
      ),
      sampled: timeOf({ at }),
      firstStep: timeOf(lossesOf(epoch + 1)[0]!),
    }));
  return {
    steps,
    validation: ends.map(({ lastStep, validated }) => validated - lastStep),
    sample: ends.map(({ validated, sampled }) => sampled - validated),
    checkpoint: ends.map(({ sampled, firstStep }) => firstStep - sampled - middleMean(steps)),
    waiting: median(
      laterEpochs.filter(({ metric }) => metric === 'train/dataWait').map(({ value }) => fromMeasured(value)),
    ),
  };
}

const timeOf = ({ at }: { at: string }) => Date.parse(at);
const gaps = (points: StoredPoint[]) =>
  points.slice(1).map((point, index) => timeOf(point) - timeOf(points[index]!));

/** The bare loops of these runs, or of their validations, all at the same time. */
async function stepBare(
  details: RunDetail[],
  step: 'engine' | 'evaluation',
  seconds: number,
): Promise<Turn[]> {
  const started = await Promise.all(
    details.map(({ recipe: { model, loss, optimizer, batchSize }, environment }) => {
      const { engine, threads } = environment as Environment;
      const recipe = { model, loss, optimizer, batchSize };
      return Stepper.start({ recipe, engine, threads, step });
    }),
  );
  const steppers = started.map((stepper) => {
    if (stepper instanceof Stepper) return stepper;
    throw new Error(`The engine of the run does not start here: ${stepper.unavailable}`);
  });
  try {
    return await Promise.all(steppers.map((stepper) => stepper.turn(seconds)));
  } finally {
    for (const stepper of steppers) stepper.stop();
  }
}

/** How much is trained. */
interface Size {
  runs: number;
  epochs: number;
}

/** Of one network, of all rounds. */
interface Totals {
  runs: Measured[];
  cpu: number[][];
  bare: Turn[];
  evaluation: Turn[];
}

function report({ name, model, batchSize }: TrainedNetwork, totals: Totals, size: Size): Result {
  const { runs, cpu, bare } = totals;
  const wall = (turns: Turn[]) => median(turns.map(({ seconds, steps }) => (seconds / steps) * 1000));
  const bareWall = wall(bare);
  const bareCpu = median(bare.map(({ cpuSeconds, steps }) => (cpuSeconds / steps) * 1000));
  const steps = runs.flatMap((run) => run.steps);
  const step = middleMean(steps);
  const waiting = median(runs.map((run) => run.waiting));
  const mean = sum(steps) / steps.length;
  const stepsOfEpoch = Math.ceil((scenes * share.trained) / batchSize);
  const forward = (wall(totals.evaluation) * scenes * share.validated) / batchSize / stepsOfEpoch;
  const ofEpoch = (what: 'validation' | 'sample' | 'checkpoint') =>
    median(runs.flatMap((run) => run[what])) / stepsOfEpoch;
  const [validation, sample, checkpoint] = [ofEpoch('validation'), ofEpoch('sample'), ofEpoch('checkpoint')];
  const metrics = validation - forward;
  const ofWorker = (who: (typeof workers)[number]) =>
    median(cpu.map((round) => round[workers.indexOf(who)]!));
  const epoch = mean + validation + sample + checkpoint;
  const row = (what: string, ms: number, bareMs?: number): Row => ({
    network: name,
    what,
    'ms per step': ms,
    ...(bareMs !== undefined && { 'beyond bare %': (1 - bareMs / ms) * 100 }),
  });
  const promise = (what: string, value: number) => ({
    what: `${name}: ${what}`,
    value,
    atMost: promised,
    unit: '',
  });
  return {
    rows: [
      row('bare step', bareWall),
      row('step of a run, typical', step, bareWall),
      row('  of it waiting for its batch', step * waiting),
      row('step of a run, mean', mean, bareWall),
      row('at the end of an epoch: validation', validation),
      row('    of it metrics, beyond bare forward passes', metrics),
      row('  sample', sample),
      row('  checkpoint', checkpoint),
      row('CPU of a bare step', bareCpu),
      row('CPU of the whole platform', median(cpu.map(sum)), bareCpu),
      ...workers.map((what) => row(`  of it ${what}`, ofWorker(what))),
    ],
    checks: [
      promise('share of a step that waits for its batch', waiting),
      promise('share of a step beyond a bare one', 1 - bareWall / step),
      promise('share of an epoch that its sample takes', sample / epoch),
      promise(
        'share of an epoch that supervisor, metrics and sample take',
        (ofWorker('supervisor') + metrics + sample) / epoch,
      ),
      promise(
        'share of an epoch beyond bare steps and forward passes, checkpoints left out',
        (mean - bareWall + metrics + sample) / epoch,
      ),
    ],
    notes: [
      `${name}: ${size.runs} runs side by side, ${model}, batch ${batchSize}, ${size.epochs} epochs of ${scenes} images.`,
    ],
  };
}
