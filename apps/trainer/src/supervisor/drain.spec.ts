import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SpooledEvent } from '@chromatune/contracts';
import { type AppliedEvent, DatabaseUnavailable } from '@chromatune/database';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Drain, type DrainOptions } from './drain.js';
import { Meters } from './meters.js';
import { Spool } from './spool.js';

let folder: string;
let spool: Spool;
let story: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-drain-'));
  spool = await Spool.open(folder);
  story = [];
});
afterEach(async () => {
  await spool.close();
  await rm(folder, { recursive: true, force: true });
});

describe('draining a spool', () => {
  it('writes points before a file without waiting for its upload, and its row only after it', async () => {
    await spool.append([point(1), point(2), await sample(3), point(4)]);

    expect(await makeDrain().finish()).toBe('applied');

    expect(story).toEqual(['write 1 2', 'put runs/r/7/samples/epoch-3.png', 'write 3 4']);
  });

  it('keeps the order while Postgres and the object store are away, and removes files once their row is written', async () => {
    const event = await sample(2);
    await spool.append([point(1), event, point(3)]);
    const drain = makeDrain({ refuseWrites: 2, refusePuts: 2 });

    await drain.finish();

    expect(story.filter((line) => !line.startsWith('refused'))).toEqual([
      'write 1',
      'put runs/r/7/samples/epoch-2.png',
      'write 2 3',
    ]);
    expect(story.filter((line) => line.startsWith('refused'))).toHaveLength(4);
    await expect(stat(event.file)).rejects.toThrow('ENOENT');
  });

  it('takes what is appended while it drains', async () => {
    const drain = makeDrain();
    await spool.append([point(1)]);
    drain.wake();
    await spool.append([point(2)]);
    drain.wake();

    await drain.finish([point(3)]);

    expect(story.join(' ').match(/\d/g)).toEqual(['1', '2', '3']);
  });

  it('drains again without an error what a lost cursor gives twice, though its files are gone', async () => {
    await spool.append([await sample(1), point(2)]);
    await makeDrain().finish();
    await rm(join(folder, 'spool.cursor'));
    const reopened = await Spool.open(folder);

    await makeDrain({ spool: reopened }).finish();

    expect(story.at(-1)).toBe('write 1 2');
    await reopened.close();
  });

  it('stops at once when it is fenced, and says so', async () => {
    let fenced = 0;
    await spool.append([point(1)]);

    const outcome = await makeDrain({ fenced: true, onFenced: () => (fenced += 1) }).finish([point(2)]);

    expect([outcome, fenced, story]).toEqual(['fenced', 1, []]);
  });

  it('gives up what Postgres refuses again and again although it answers', async () => {
    await spool.append([point(1)]);

    await expect(makeDrain({ refuseWrites: 1000, patience: 2 }).finish()).rejects.toThrow('away');
  });

  it('does not give up while the disk of Postgres is full, although it answers', async () => {
    await spool.append([point(1)]);
    const refusal = new DatabaseUnavailable('The disk of PostgreSQL is full.', 'Free space there.', null);

    await makeDrain({ refuseWrites: 3, patience: 2, refusal }).finish();

    expect(story.at(-1)).toBe('write 1');
  });

  it('ends when it is told to stop while something is away', async () => {
    await spool.append([point(1)]);
    const drain = makeDrain({ refuseWrites: 1000 });
    const finishing = drain.finish();
    drain.stop();

    await expect(finishing).rejects.toThrow(/abort/i);
  });
});

interface Circumstances {
  refuseWrites?: number;
  refusePuts?: number;
  fenced?: boolean;
  onFenced?: () => void;
  spool?: Spool;
  patience?: number;
  refusal?: Error;
}

function makeDrain({
  refuseWrites = 0,
  refusePuts = 0,
  fenced = false,
  onFenced = () => undefined,
  patience,
  refusal = new Error('away'),
  ...given
}: Circumstances = {}) {
  const apply = async (events: AppliedEvent[]) => {
    if (fenced) return 'fenced' as const;
    if (refuseWrites-- > 0) throw refused('write', refusal);
    story.push(`write ${events.map(({ seq }) => seq).join(' ')}`);
    return 'applied' as const;
  };
  const put = async (key: string, source: { path: string } | Uint8Array) => {
    if (refusePuts-- > 0) throw refused('put', refusal);
    await stat((source as { path: string }).path);
    story.push(`put ${key}`);
  };
  const options: DrainOptions = {
    runId: 'r',
    attempt: 7,
    spool: given.spool ?? spool,
    database: { runs: { reportsOf: () => ({ apply }) }, ping: async () => undefined },
    store: { put },
    meters: new Meters(),
    log: pino({ level: 'silent' }),
    onFenced,
    onCheckpoint: () => undefined,
    ...(patience === undefined ? {} : { patience }),
  };
  return new Drain(options);
}

function refused(what: string, refusal: Error) {
  story.push(`refused ${what}`);
  return refusal;
}

const at = '2026-10-01T10:00:00.000Z';
const point = (seq: number): SpooledEvent => ({
  type: 'point',
  seq,
  metric: 'train/loss',
  step: seq,
  epoch: seq / 10,
  value: 1 / seq,
  at,
});

async function sample(seq: number): Promise<Extract<SpooledEvent, { type: 'sample' }>> {
  const file = join(folder, `epoch-${seq}.png`);
  await writeFile(file, 'png');
  return { type: 'sample', seq, file, sample: { epoch: seq, step: seq, tileSize: 64, images: [], at } };
}
