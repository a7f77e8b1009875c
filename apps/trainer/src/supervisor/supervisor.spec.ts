import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError, type Run } from '@chromatune/contracts';
import { type AppliedEvent, type Claim, type Database, DatabaseUnavailable } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTinyDataset, tinyRecipe } from '../testing/tiny-dataset.js';
import { Meters } from './meters.js';
import { ShardCache } from './shard-cache.js';
import { Supervisor } from './supervisor.js';

const runIds = ['r-0', 'r-1', 'r-2'];
const gone = new DomainError('weights_not_found', 404, 'Run r-0 needs weights that are not there.');
const MiB = 1024 ** 2;

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'chromatune-supervisor-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

it('offers its slots to the other runs when one cannot begin, and says so once', async () => {
  const { supervisor, offered, warnings } = supervise({
    claim: (runId) => {
      if (runId === 'r-0') throw gone;
      return null;
    },
  });

  await supervisor.fillSlots();
  await supervisor.fillSlots();

  expect(offered).toEqual([...runIds, ...runIds]);
  expect(warnings).toMatchObject([{ runId: 'r-0', err: { message: gone.message } }]);
});

it('looks no further when Postgres is away, which is no fault of a run', async () => {
  const { supervisor, offered, warnings } = supervise({
    claim: () => {
      throw new DatabaseUnavailable('Nothing listens there.', 'Start it.', null);
    },
  });

  await supervisor.fillSlots();

  expect(offered).toEqual(['r-0']);
  expect(warnings).toEqual([]);
});

it('takes no more runs while the disk is full, and goes on when there is space', async () => {
  await writeFile(join(folder, 'child.mjs'), withoutSpace);
  const disk = { free: 10 * MiB };
  const waiting = new Set(runIds);
  const { supervisor, offered, failed } = supervise({
    claim: (runId) => (waiting.delete(runId) ? claimOf(runId) : null),
    freeBytes: async () => disk.free,
  });

  await supervisor.fillSlots();
  await until(() => failed.length === 1);
  await sleep(100);
  await supervisor.fillSlots();
  expect(await supervisor.offer({ runId: 'r-1', attempt: 1 })).toBe(false);
  expect(offered).toEqual(['r-0']);

  disk.free += 64 * MiB;
  await supervisor.offer({ runId: 'r-1', attempt: 1 });
  await until(() => failed.length === 2);
  expect(offered).toEqual(['r-0', 'r-1']);
  await supervisor.shutDown();
});

/** A training process whose disk is full. */
const withoutSpace = `process.on('message', ({ type }) => {
  if (type !== 'start') return;
  const failure = { class: 'io', message: 'ENOSPC: no space left on device, write', remedy: 'Free space.', step: 1 };
  process.send([{ type: 'failed', seq: 1, failure }], () => process.disconnect());
});`;

/** One slot, three queued runs, and a Postgres that says of each whether it can be claimed. */
function supervise(world: { claim(runId: string): Claim | null; freeBytes?: () => Promise<number> }) {
  const offered: string[] = [];
  const failed: AppliedEvent[] = [];
  const warnings: object[] = [];
  const runs = {
    queued: async () => runIds.map((runId) => ({ runId, attempt: 1, pool: 'default' })),
    claim: async ({ runId }: { runId: string }) => {
      offered.push(runId);
      return world.claim(runId);
    },
    reportsOf: () => ({
      apply: async (events: AppliedEvent[]) => {
        failed.push(...events.filter(({ type }) => type === 'failed'));
        return 'applied';
      },
    }),
  };
  const database = { runs, memoryCorrections: { find: async () => new Map() } };
  const store = {} as ObjectStore;
  const supervisor = new Supervisor({
    config: {
      TRAINER_POOL: 'default',
      LEASE_SECONDS: 30,
      RENEW_SECONDS: 10,
      POLL_SECONDS: 600,
      SPOOL_LIMIT_BYTES: 1e6,
      HUNG_SECONDS: 60,
      SHUTDOWN_GRACE_SECONDS: 1,
    },
    trainerId: 'spec',
    environment: {
      engine: 'portable',
      engineVersion: '1',
      device: 'a processor',
      threads: 1,
      deterministic: true,
      codeVersion: 'spec',
    },
    slots: 1,
    slotMemoryBytes: 1e9,
    attempts: join(folder, 'attempts'),
    childEntry: join(folder, 'child.mjs'),
    childEnv: () => ({}),
    database: database as unknown as Database,
    register: async () => undefined,
    store,
    cache: new ShardCache({ folder: join(folder, 'cache'), limitBytes: 1, store }),
    meters: new Meters(),
    log: pino({ level: 'warn' }, { write: (line: string) => void warnings.push(JSON.parse(line) as object) }),
    ...(world.freeBytes && { freeBytes: world.freeBytes }),
  });
  return { supervisor, offered, failed, warnings };
}

function claimOf(runId: string): Claim {
  const dataset = makeTinyDataset();
  return {
    run: { id: runId } as Run,
    recipe: tinyRecipe(dataset),
    manifest: dataset.manifest,
    attempt: 1,
    resume: null,
    weights: null,
    lpips: null,
    microBatch: null,
  };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20); // the test's own time limit ends it
}
