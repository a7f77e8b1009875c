import {
  type EngineName,
  plainAdam,
  plainClassification,
  plainModel,
  plainRegression,
  type Recipe,
} from '@chromatune/contracts';
import { median } from '../numbers.js';
import type { Options, Part, Result } from '../part.js';
import type { StepJob, Turn } from '../step-job.js';
import { Stepper } from '../stepper.js';
import type { Row } from '@chromatune/test-support';

const optimizer = plainAdam;
const regression = plainRegression;
const classification = plainClassification;
/** The networks of the first sweep, with both of its batch sizes, and Table 1 as it is. */
const small: Recipe['model'] = { ...plainModel, encoder: 'resnet18', width: 0.5 };
const table1: Recipe['model'] = plainModel;
const recipes: StepJob['recipe'][] = [
  { model: small, loss: regression, optimizer, batchSize: 16 },
  { model: small, loss: regression, optimizer, batchSize: 64 },
  { model: { ...small, cut: 'conv3' }, loss: classification, optimizer, batchSize: 16 },
  { model: { ...small, cut: 'conv3' }, loss: classification, optimizer, batchSize: 64 },
  { model: table1, loss: regression, optimizer, batchSize: 32 },
];

const secondsPerTurn = 3;
const defaultRounds = 5;

interface Contestant {
  engine: EngineName;
  threads: number;
}

/**
 * Images per second of the eager training step. For each recipe every engine has a process of its own; they take turns,
 * one at a time, for several rounds, so that whatever else the machine does meets all of them. Ratios are taken within a
 * round, against the first engine.
 */
export const trainingPart: Part = {
  name: 'training',
  measures: 'images per second of a training step, by recipe, engine and threads',
  takes: '4 min',
  async run({ rounds = defaultRounds, portable, say }: Options): Promise<Result> {
    const contestants: Contestant[] = [
      { engine: 'native', threads: 1 },
      { engine: 'native', threads: 2 },
      ...(portable ? [{ engine: 'portable', threads: 1 } as const] : []),
    ];
    const result: Result = { rows: [], checks: [], notes: [] };
    for (const recipe of recipes) {
      say(`${describe(recipe)} …`);
      const { turns, missing } = await compete(recipe, contestants, rounds);
      for (const [contestant, taken] of turns) {
        const first = [...turns.values()][0]!;
        result.rows.push({ recipe: describe(recipe), engine: nameOf(contestant), ...figures(taken, first) });
      }
      for (const reason of missing) if (!result.notes.includes(reason)) result.notes.push(reason);
    }
    result.notes.push(
      `Median of ${rounds} turns of ${secondsPerTurn} s each, taken in turn; slowest and fastest turn beside.`,
    );
    return result;
  },
};

async function compete(recipe: StepJob['recipe'], contestants: Contestant[], rounds: number) {
  const turns = new Map<Contestant, Turn[]>();
  const steppers = new Map<Contestant, Stepper>();
  const missing: string[] = [];
  try {
    for (const contestant of contestants) {
      const stepper = await Stepper.start({ recipe, ...contestant });
      if (stepper instanceof Stepper) steppers.set(contestant, stepper);
      else missing.push(`Not measured: ${nameOf(contestant)}. ${stepper.unavailable}`);
    }
    for (let round = 0; round < rounds; round++) {
      for (const [contestant, stepper] of steppers) {
        turns.set(contestant, [...(turns.get(contestant) ?? []), await stepper.turn(secondsPerTurn)]);
      }
    }
  } finally {
    for (const stepper of steppers.values()) stepper.stop();
  }
  return { turns, missing };
}

function figures(turns: Turn[], first: Turn[]): Row {
  const rates = turns.map(speed);
  return {
    'images/s': median(rates),
    slowest: Math.min(...rates),
    fastest: Math.max(...rates),
    'images per CPU s': median(turns.map(({ images, cpuSeconds }) => images / cpuSeconds)),
    'ms per step': median(turns.map(({ seconds, steps }) => (seconds / steps) * 1000)),
    'times the first': median(rates.map((rate, round) => rate / speed(first[round]!))),
  };
}

const speed = ({ images, seconds }: Turn): number => images / seconds;

const nameOf = ({ engine, threads }: Contestant): string =>
  `${engine}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;

const describe = ({ model, loss, batchSize }: StepJob['recipe']): string =>
  `${loss.type}, ${model.encoder} x ${model.width}, ${model.imageSize} px, batch ${batchSize}`;
