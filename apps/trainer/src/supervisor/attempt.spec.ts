import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Checkpoint, Failure, Run } from '@chromatune/contracts';
import { type AppliedEvent, type Database, DatabaseUnavailable, type Release } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTinyDataset, tinyRecipe } from '../testing/tiny-dataset.js';
import { SupervisedAttempt } from './attempt.js';
import { Meters } from './meters.js';
import { ShardCache } from './shard-cache.js';

let folder: string;
let applied: AppliedEvent[];
let releases: Release[];
let corrections: Map<string, number>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-attempt-'));
  applied = [];
  releases = [];
  corrections = new Map();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Training processes that behave badly, each a program of its own. */
describe('an attempt whose training process', () => {
  it('says nothing any more is ended as hung, after what it had measured', async () => {
    await supervise(`say(point(1)); setInterval(() => {}, 1000);`, { hungSeconds: 5 });

    expect(applied.map(({ type }) => type)).toEqual(['point', 'failed']);
    expect(failure()).toMatchObject({ class: 'hungStep', step: 1 });
    expect(failure().remedy).toContain('Resume');
  });

  it('throws is a code bug, with its stack', async () => {
    await supervise(`say(point(1)); setTimeout(() => { throw new TypeError('unexpected'); }, 50);`);

    expect(failure()).toMatchObject({
      class: 'codeBug',
      message: expect.stringContaining('TypeError: unexpected'),
    });
    expect(applied.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('has its temporary files in its work folder, which goes with the attempt', async () => {
    await supervise(`
      if (tmpdir() !== assignment.workFolder) throw new Error(tmpdir());
      say(point(1));
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);`);

    expect(applied).toMatchObject([{ type: 'point' }]);
    expect(await readdir(join(folder, 'attempts'))).toEqual([]);
  });

  it('is killed loses nothing that it had said, and is handed back', async () => {
    await supervise(`say(point(1), point(2)); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);`);

    expect(applied.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(releases).toMatchObject([{ state: 'lost', reason: expect.stringContaining('SIGKILL') }]);
  });

  it.each([
    ['speaks another language', `process.send('hello')`],
    ['reports a number that JSON does not know', `say({ ...point(2), value: NaN })`],
  ])('%s is a code bug, after what it had measured', async (_what, words) => {
    await supervise(`say(point(1)); ${words}; setInterval(() => {}, 1000);`);

    expect(applied.map(({ type }) => type)).toEqual(['point', 'failed']);
    expect(failure()).toMatchObject({
      class: 'codeBug',
      message: expect.stringContaining('cannot be read') as string,
      step: 1,
    });
  });

  it('measures more than the spool may hold while Postgres is away is asked to save itself and to end', async () => {
    await superviseUntilFull(`onCommand('checkpointAndExit', finishPaused);`);

    expect(applied.map(({ seq }) => seq)).toEqual(applied.map((_, index) => index + 1));
    expect(applied.at(-1)).toMatchObject({ type: 'finished', outcome: 'paused' });
  });

  it('asks for files after it was told to end gets them, and saves itself at its next step', async () => {
    await superviseUntilFull(`
      onCommand('checkpointAndExit', () => {
        clearInterval(measuring);
        say({ type: 'needFiles', names: [] });
      });
      onCommand('files', finishPaused);`);

    expect(applied.at(-1)).toMatchObject({ type: 'finished', outcome: 'paused' });
  });

  it('is fenced is killed, and its spool forgotten', async () => {
    await supervise(`say(point(1)); setInterval(() => say(point(2)), 20);`, { fenced: true });

    expect([applied, releases]).toEqual([[], []]);
  });

  it('measures its memory lets the next one of that shape know', async () => {
    const lastWords = `setTimeout(() => process.disconnect(), 50);`;
    await supervise(`say({ type: 'memoryMeasured', correction: 1.25 }); ${lastWords}`);
    await supervise(
      `say({ type: 'log', seq: 1, level: 'info', message: \`\${assignment.memory.correction}\`, at }); ${lastWords}`,
    );

    expect(applied.filter(({ type }) => type === 'log')).toMatchObject([{ message: '1.25' }]);
  });

  it('ended leaves no folder behind', async () => {
    await supervise(`say(point(1)); process.disconnect();`);

    expect(existsSync(join(folder, 'attempts/r-0.1'))).toBe(false);
  });
});

it('is handed back when Postgres goes away while it looks for a checkpoint that is whole', async () => {
  await supervise('', {
    resume: {
      key: 'runs/r-0/1/checkpoints/step-3.safetensors',
      attempt: 1,
      step: 3,
      sha256: '',
    } as Checkpoint,
  });

  expect(applied).toEqual([]);
  expect(releases).toMatchObject([{ state: 'lost', reason: 'Nothing listens there.' }]);
});

/** A process that measures until its spool is full, while Postgres is away for a moment, and what it does when told to end. */
async function superviseUntilFull(program: string): Promise<void> {
  const postgres = { away: true };
  const done = supervise(
    `let seq = 0;
     const measuring = setInterval(() => say(point(++seq)), 5);
     const finishPaused = () => {
       clearInterval(measuring);
       say({ type: 'finished', seq: ++seq, outcome: 'paused', weightsSha256: '' });
       setTimeout(() => process.disconnect(), 50);
     };
     ${program}`,
    { spoolLimitBytes: 5_000, postgres },
  );
  setTimeout(() => (postgres.away = false), 1_500);
  await done;
}

interface Circumstances {
  hungSeconds?: number;
  spoolLimitBytes?: number;
  postgres?: { away: boolean };
  fenced?: boolean;
  /** Damaged, and Postgres goes away when it is asked for another. */
  resume?: Checkpoint;
}

async function supervise(program: string, circumstances: Circumstances = {}): Promise<void> {
  const {
    hungSeconds = 60,
    spoolLimitBytes = 1_000_000,
    postgres = { away: false },
    fenced = false,
    resume = null,
  } = circumstances;
  const entry = join(folder, 'child.mjs');
  await writeFile(entry, `${vocabulary}\nonCommand('start', ({ assignment }) => { ${program} });`);
  const dataset = makeTinyDataset();
  const runs = {
    reportsOf: () => ({
      apply: async (events: AppliedEvent[]) => {
        if (postgres.away) throw new Error('away');
        if (fenced) return 'fenced';
        applied.push(...events);
        return 'applied';
      },
    }),
    release: async (release: Release) => void releases.push(release),
  };
  const database = {
    runs,
    checkpoints: {
      removable: async () => [],
      markRemoved: async () => {
        throw new DatabaseUnavailable('Nothing listens there.', 'Start it.', null);
      },
    },
    memoryCorrections: {
      find: async (_trainerId: string, shapes: string[]) => {
        if (postgres.away) throw new Error('away');
        return new Map(shapes.map((shape) => [shape, corrections.get(shape)]));
      },
      put: async (_trainerId: string, shape: string, correction: number) =>
        void corrections.set(shape, correction),
    },
    ping: async () => {
      if (postgres.away) throw new Error('away');
    },
  };
  const attempt = new SupervisedAttempt({
    claim: {
      run: { id: 'r-0' } as Run,
      recipe: tinyRecipe(dataset),
      manifest: dataset.manifest,
      attempt: 1,
      resume,
      weights: null,
      lpips: null,
      microBatch: null,
    },
    trainerId: 'spec',
    environment: {
      engine: 'portable',
      engineVersion: '1',
      device: 'cpu',
      threads: 1,
      deterministic: true,
      codeVersion: 'spec',
    },
    attempts: join(folder, 'attempts'),
    childEntry: entry,
    childEnv: {},
    spoolLimitBytes,
    hungSeconds,
    slotMemoryBytes: 1e9,
    database: database as unknown as Database,
    store: { download: async (_key: string, path: string) => writeFile(path, 'damaged') } as ObjectStore,
    cache: new ShardCache({ folder: join(folder, 'cache'), limitBytes: 1, store: {} as ObjectStore }),
    meters: new Meters(),
    log: pino({ level: 'silent' }),
  });
  await attempt.run();
}

const vocabulary = `
import { tmpdir } from 'node:os';
const say = (...events) => process.send(events);
const at = '2026-10-01T10:00:00.000Z';
const point = (seq) => ({ type: 'point', seq, metric: 'train/loss', step: seq, epoch: 0, value: 1, at });
const handlers = {};
const onCommand = (type, handler) => (handlers[type] = handler);
process.on('message', (command) => handlers[command.type]?.(command));
process.on('disconnect', () => process.exit(1));
`;

const failure = (): Failure => {
  const last = applied.at(-1);
  if (last?.type !== 'failed')
    throw new Error(`No failure, but ${JSON.stringify(last)}, ${JSON.stringify(releases)}`);
  return last.failure;
};
