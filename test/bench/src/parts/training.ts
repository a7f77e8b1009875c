import {
  plainAdam,
  plainClassification,
  plainModel,
  plainRegression,
  type Recipe,
} from '@chromatune/contracts';
import { PythonMissing, pythonEnvironment, type Row } from '@chromatune/test-support';
import { type Contestant, keras, ours, pytorch, type StepRecipe } from '../contestants.js';
import { gpuMemoryUsed, watchGpu } from '../gpu.js';
import { median } from '../numbers.js';
import type { Check, Options, Part, Result } from '../part.js';
import type { Turn } from '../step-job.js';
import { Stepper } from '../stepper.js';

interface Line {
  name: string;
  recipe: StepRecipe;
}

const table1: Recipe['model'] = plainModel;
const table2: Recipe['model'] = { ...plainModel, cut: 'conv3' };
const regression = { loss: plainRegression, optimizer: plainAdam };
const classification = { loss: plainClassification, optimizer: plainAdam };
const fullResolution = {
  ...classification,
  loss: { ...plainClassification, headResolution: 'full' as const },
};

/** The report's networks, and that of its first question: can a ResNet-152 be trained? The last line is the first sweep's. */
const lines: Line[] = [
  { name: 'Table 1, 64², batch 32', recipe: { model: table1, ...regression, batchSize: 32 } },
  {
    name: 'Table 1, 224², batch 8',
    recipe: { model: { ...table1, imageSize: 224 }, ...regression, batchSize: 8 },
  },
  { name: 'Table 2 quarter, 64², batch 16', recipe: { model: table2, ...classification, batchSize: 16 } },
  { name: 'Table 2 full, 64², batch 4', recipe: { model: table2, ...fullResolution, batchSize: 4 } },
  {
    name: 'ResNet-152, 64², batch 8',
    recipe: { model: { ...table1, encoder: 'resnet152' }, ...regression, batchSize: 8 },
  },
  {
    name: 'first sweep, 64², batch 16',
    recipe: { model: { ...table1, encoder: 'resnet18', width: 0.5 }, ...regression, batchSize: 16 },
  },
];

/** What the report could not train, in batches that keep a GPU busy. */
const gpuLines: Line[] = [
  {
    name: 'Table 1, 224², batch 128',
    recipe: { model: { ...table1, imageSize: 224 }, ...regression, batchSize: 128 },
  },
  {
    name: 'ResNet-152, 224², batch 32',
    recipe: { model: { ...table1, encoder: 'resnet152', imageSize: 224 }, ...regression, batchSize: 32 },
  },
  {
    name: 'VGG-16, 224², batch 64',
    recipe: { model: { ...table1, encoder: 'vgg16', imageSize: 224 }, ...regression, batchSize: 64 },
  },
];

const secondsPerTurn = 4;
const defaultRounds = 5;

/** What the project promises against PyTorch, on each line: images per second, and memory. */
const promisedSpeed = 1.05;
const promisedMemory = 1;

/**
 * Images per second of a training step. For each line every contestant has a process of its own; they take turns, one at a
 * time, for several rounds, so that whatever else the machine does meets all of them. Ratios are taken within a round.
 */
export const trainingPart: Part = {
  name: 'training',
  measures:
    'images per second of a training step: this project, TensorFlow.js as it comes, PyTorch and Keras',
  takes: '15 min',
  async run({ rounds = defaultRounds, ...options }: Options): Promise<Result> {
    const { gpu, say } = options;
    const { contestants, missing } = await findContestants(options);
    const result: Result = { rows: [], checks: [], notes: missing, details: [] };
    for (const { name, recipe } of gpu ? gpuLines : lines) {
      say(`${name} …`);
      const competition = await compete(recipe, contestants, { rounds, gpu, say });
      result.rows.push(...rowsOf(name, competition.taken));
      result.checks.push(...checksOf(name, competition.taken));
      for (const reason of competition.missing) result.notes.push(`${name}: ${reason}`);
      result.details!.push({ line: name, recipe, taken: competition.taken });
    }
    result.notes.push(
      `Median of ${rounds} turns of ${secondsPerTurn} s each, taken in turn; slowest and fastest turn beside.`,
      'Ours begins with 8-bit pictures; PyTorch and Keras are given floats and bin numbers ready-made.',
    );
    return result;
  },
};

async function findContestants({ portable, gpu, python: given, say }: Omit<Options, 'rounds'>) {
  const contestants: Contestant[] = gpu
    ? waysOnGpu
    : [
        ours('ours'),
        ours('ours, op by op', { step: 'eager' }),
        ours('TensorFlow.js as it comes', { step: 'stock' }),
        ...(portable ? [ours('ours, portable engine', { engine: 'portable' })] : []),
      ];
  try {
    const python = given ?? (await pythonEnvironment(say));
    const others = gpu ? [pytorch(python, 'cuda')] : [pytorch(python), keras(python)];
    return { contestants: [...contestants, ...others], missing: [] };
  } catch (error) {
    if (!(error instanceof PythonMissing)) throw error;
    return { contestants, missing: [`Left out: PyTorch and Keras. ${error.message} ${error.remedy}`] };
  }
}

const waysOnGpu: Contestant[] = [
  ours('ours', { engine: 'cuda' }),
  ours('ours, any algorithm', { engine: 'cuda', deterministic: false }),
  ours('ours, not compiled', { engine: 'cuda', compile: false }),
];

/** What one contestant did in the rounds. */
interface Taken {
  contestant: string;
  ready: string;
  preparationSeconds: number;
  turns: Turn[];
}

async function compete(
  recipe: StepRecipe,
  contestants: Contestant[],
  { rounds, gpu, say }: Pick<Options, 'gpu' | 'say'> & { rounds: number },
): Promise<{ taken: Taken[]; missing: string[] }> {
  const steppers: { stepper: Stepper; gpuBytes: number }[] = [];
  const taken: Taken[] = [];
  const missing: string[] = [];
  try {
    for (const { name, start } of contestants) {
      const before = gpu ? await gpuMemoryUsed() : 0;
      const stepper = await start(recipe);
      if (stepper instanceof Stepper) {
        say(`  ${name}: ${stepper.ready.ready}`);
        steppers.push({ stepper, gpuBytes: gpu ? (await gpuMemoryUsed()) - before : 0 });
        taken.push({ contestant: name, ...stepper.ready, turns: [] });
      } else missing.push(`without ${name}: ${stepper.unavailable}.`);
    }
    for (let round = 0; round < rounds; round++) {
      for (const [index, { stepper, gpuBytes }] of steppers.entries()) {
        const take = () => stepper.turn(secondsPerTurn);
        taken[index]!.turns.push(gpu ? await takeOnGpu(take, gpuBytes) : await take());
      }
    }
  } finally {
    for (const { stepper } of steppers) stepper.stop();
  }
  return { taken, missing };
}

/** On a GPU its memory counts, which is taken in the first steps and kept. */
async function takeOnGpu(take: () => Promise<Turn>, peakBytes: number): Promise<Turn> {
  const { result, gpuBusy } = await watchGpu(take);
  return { ...result, peakBytes, gpuBusy };
}

function rowsOf(line: string, taken: Taken[]): Row[] {
  const reference = taken.find(({ contestant }) => contestant === 'PyTorch');
  return taken.map((one) => {
    const rates = one.turns.map(speed);
    return {
      line,
      contestant: one.contestant,
      'images/s': median(rates),
      slowest: Math.min(...rates),
      fastest: Math.max(...rates),
      ...(reference ? { 'times PyTorch': timesAsFast(one, reference) } : {}),
      'images per CPU s': median(one.turns.map(({ images, cpuSeconds }) => images / cpuSeconds)),
      'ms per step': median(one.turns.map(({ seconds, steps }) => (seconds / steps) * 1000)),
      'peak MB': peak(one) / 1e6,
      ...(one.turns[0]?.gpuBusy !== undefined && {
        'GPU busy %': median(one.turns.map(({ gpuBusy }) => gpuBusy! * 100)),
      }),
      'ready after s': one.preparationSeconds,
    };
  });
}

/** Against PyTorch, where both took part. */
function checksOf(line: string, taken: Taken[]): Check[] {
  const [own, reference] = ['ours', 'PyTorch'].map((name) =>
    taken.find(({ contestant }) => contestant === name),
  );
  if (!own || !reference) return [];
  return [
    {
      what: `${line}: time of a step, PyTorch's being 1`,
      value: 1 / timesAsFast(own, reference),
      atMost: 1 / promisedSpeed,
      unit: '',
    },
    {
      what: `${line}: peak memory, PyTorch's being 1`,
      value: peak(own) / peak(reference),
      atMost: promisedMemory,
      unit: '',
    },
  ];
}

const speed = ({ images, seconds }: Turn): number => images / seconds;

const timesAsFast = (one: Taken, other: Taken): number =>
  median(one.turns.map((turn, round) => speed(turn) / speed(other.turns[round]!)));

const peak = ({ turns }: Taken): number => Math.max(...turns.map(({ peakBytes }) => peakBytes));
