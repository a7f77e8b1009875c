import {
  type Environment,
  fromMeasured,
  type MetricName,
  type RunDetail,
  runDetail,
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
import { median, sum } from '../numbers.js';
import type { Options, Part, Result } from '../part.js';
import { cpuUseOf, type CpuUse } from '../process-cpu.js';
import type { Turn } from '../step-job.js';
import { Stepper } from '../stepper.js';

/** With 1700 scenes, of which 1360 are trained on, an epoch is as long as on the first photographs (168 x 8 crops). */
const scenes = 1700;
const epochs = 2;
const bareSeconds = 20;
const defaultRounds = 2;

/** One run on the platform, in milliseconds a step. */
interface Measured {
  /** From the first train loss to the last, divided by the steps between them: everything included. */
  whole: number;
  /** Between the steps of an epoch: data, points and whatever competes for the cores. */
  withinEpochs: number;
  /** Share of that in which a step waited for its batch. */
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
  measures:
    'share of a run that supervisor, data, metrics, samples and checkpoints take, against the bare loop',
  takes: '5 min',
  async run({ rounds = defaultRounds, say }: Options): Promise<Result> {
    const platform = await startWithScenes('overhead', scenes);
    try {
      const slots = await slotsOf(platform);
      const results: Result[] = [];
      for (const network of [firstSweep, table1]) {
        const measured: Totals = { runs: [], cpu: [], bare: [] };
        for (let round = 1; round <= rounds; round++) {
          say(`${network.name}, round ${round} of ${rounds}: ${slots} runs side by side on the platform …`);
          const trained = await trainOnPlatform(platform, network, slots);
          measured.cpu.push(trained.cpu);
          for (const { id, recipe } of trained.details) {
            measured.runs.push(measure(await pointsOf(platform, id), recipe.batchSize));
          }
          say(`${network.name}, round ${round} of ${rounds}: ${slots} bare loops side by side …`);
          measured.bare.push(...(await stepBare(trained.details)));
        }
        results.push(report(network, slots, measured));
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
async function trainOnPlatform(platform: Platform, network: TrainedNetwork, slots: number) {
  const sweepId = await launchRuns(platform, network, { runs: slots, epochs });
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

const pointsOf = (platform: Platform, runId: string) =>
  platform.get(`runs/${runId}/points?limit=100000`, z.array(storedPoint));

function measure(points: StoredPoint[], batch: number): Measured {
  const losses = points.filter(({ metric }) => metric === 'train/loss');
  const valuesOf = (name: MetricName) =>
    points.filter(({ metric }) => metric === name).map(({ value }) => fromMeasured(value));
  const [first, last] = [losses[0]!, losses.at(-1)!];
  return {
    whole: (Date.parse(last.at) - Date.parse(first.at)) / (last.step - first.step),
    withinEpochs: median(valuesOf('train/imagesPerSecond').map((rate) => (batch / rate) * 1000)),
    waiting: median(valuesOf('train/dataWait')),
  };
}

/** The bare loops of these runs, all at the same time. */
async function stepBare(details: RunDetail[]): Promise<Turn[]> {
  const started = await Promise.all(
    details.map(({ recipe: { model, loss, optimizer, batchSize }, environment }) => {
      const { engine, threads } = environment as Environment;
      const recipe = { model, loss, optimizer, batchSize };
      return Stepper.start({ recipe, engine, threads, step: 'engine' });
    }),
  );
  const steppers = started.map((stepper) => {
    if (stepper instanceof Stepper) return stepper;
    throw new Error(`The engine of the run does not start here: ${stepper.unavailable}`);
  });
  try {
    return await Promise.all(steppers.map((stepper) => stepper.turn(bareSeconds)));
  } finally {
    for (const stepper of steppers) stepper.stop();
  }
}

/** Of one network, of all rounds. */
interface Totals {
  runs: Measured[];
  cpu: number[][];
  bare: Turn[];
}

function report(network: TrainedNetwork, slots: number, { runs, cpu, bare }: Totals): Result {
  const bareWall = median(bare.map(({ seconds, steps }) => (seconds / steps) * 1000));
  const bareCpu = median(bare.map(({ cpuSeconds, steps }) => (cpuSeconds / steps) * 1000));
  const { name } = network;
  const within = median(runs.map(({ withinEpochs }) => withinEpochs));
  const waiting = median(runs.map((run) => run.waiting));
  const row = (what: string, ms: number, bareMs: number): Row => ({
    network: name,
    what,
    'ms per step': ms,
    'overhead %': (1 - bareMs / ms) * 100,
  });
  return {
    rows: [
      { network: name, what: 'time of a bare step', 'ms per step': bareWall },
      row('time within epochs', within, bareWall),
      { network: name, what: '  of it waiting for batches', 'ms per step': within * waiting },
      row('time from first to last step', median(runs.map(({ whole }) => whole)), bareWall),
      { network: name, what: 'CPU of a bare step', 'ms per step': bareCpu },
      row('CPU of the whole platform', median(cpu.map(sum)), bareCpu),
      ...workers.map((what, who) => ({
        network: name,
        what: `  of it ${what}`,
        'ms per step': median(cpu.map((round) => round[who]!)),
      })),
    ],
    checks: [
      { what: `${name}: share of time that waits for batches`, value: waiting, atMost: promised, unit: '' },
      {
        what: `${name}: share of time beyond bare steps, within epochs`,
        value: 1 - bareWall / within,
        atMost: promised,
        unit: '',
      },
    ],
    notes: [
      `${name}: ${slots} runs side by side, ${network.model}, batch ${network.batchSize}, ${epochs} epochs of ${scenes} images.`,
      'First to last step holds one epoch end of two: validation, eight samples and a checkpoint.',
    ],
  };
}
