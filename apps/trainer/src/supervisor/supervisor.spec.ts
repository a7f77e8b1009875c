import { DomainError } from '@chromatune/contracts';
import { type Database, DatabaseUnavailable, type QueuedRun } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Meters } from './meters.js';
import { ShardCache } from './shard-cache.js';
import { Supervisor } from './supervisor.js';

const queued: QueuedRun[] = ['r-0', 'r-1', 'r-2'].map((runId) => ({ runId, attempt: 1, pool: 'default' }));
const gone = new DomainError('weights_not_found', 404, 'Run r-0 needs weights that are not there.');

it('offers its slots to the other runs when one cannot begin, and says so once', async () => {
  const { look, offered, warnings } = supervise((runId) => (runId === 'r-0' ? gone : null));

  await look();
  await look();

  expect(offered).toEqual(['r-0', 'r-1', 'r-2', 'r-0', 'r-1', 'r-2']);
  expect(warnings).toMatchObject([{ runId: 'r-0', err: { message: gone.message } }]);
});

it('looks no further when Postgres is away, which is no fault of a run', async () => {
  const { look, offered, warnings } = supervise(
    () => new DatabaseUnavailable('Nothing listens there.', 'Start it.', null),
  );

  await look();

  expect(offered).toEqual(['r-0']);
  expect(warnings).toEqual([]);
});

/** One slot, and a Postgres that says of each run why it cannot be claimed, or gives it to someone else. */
function supervise(refusalOf: (runId: string) => Error | null) {
  const offered: string[] = [];
  const warnings: object[] = [];
  const claim = async ({ runId }: QueuedRun) => {
    offered.push(runId);
    const refusal = refusalOf(runId);
    if (refusal) throw refusal;
    return null;
  };
  const supervisor = new Supervisor({
    config: {
      TRAINER_POOL: 'default',
      LEASE_SECONDS: 30,
      RENEW_SECONDS: 10,
      POLL_SECONDS: 10,
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
    attempts: '',
    childEntry: '',
    childEnv: () => ({}),
    database: { runs: { queued: async () => queued, claim } } as unknown as Database,
    register: async () => undefined,
    store: {} as ObjectStore,
    cache: new ShardCache({ folder: '', limitBytes: 1, store: {} as ObjectStore }),
    meters: new Meters(),
    log: pino({ level: 'warn' }, { write: (line: string) => void warnings.push(JSON.parse(line) as object) }),
  });
  return { look: () => supervisor.fillSlots(), offered, warnings };
}
