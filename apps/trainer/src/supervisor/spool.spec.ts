import { appendFile, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SpooledEvent } from '@chromatune/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Spool } from './spool.js';

let folder: string;
let spool: Spool;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-spool-'));
  spool = await Spool.open(folder);
});
afterEach(async () => {
  await spool.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a spool', () => {
  it('gives back what was appended, in order, until it is marked as drained', async () => {
    await spool.append([point(1), point(2)]);
    await spool.append([point(3)]);

    expect(seqs(await spool.next())).toEqual([1, 2, 3]);
    const { drainedTo } = await spool.next();
    await spool.markDrained(drainedTo);

    expect(spool.pendingBytes).toBe(0);
    expect(seqs(await spool.next())).toEqual([]);
  });

  it('is the same after a kill: what was drained is not given again, the rest is', async () => {
    await spool.append([point(1)]);
    await spool.markDrained((await spool.next()).drainedTo);
    await spool.append([point(2), point(3)]);

    const reopened = await Spool.open(folder);

    expect(seqs(await reopened.next())).toEqual([2, 3]);
    expect(reopened.lastSeq).toBe(3);
    await reopened.close();
  });

  it('cuts off a last line that a kill has torn, and goes on behind the whole ones', async () => {
    await spool.append([point(1), point(2)]);
    await appendFile(join(folder, 'spool.jsonl'), '{"type":"point","seq":3,"met');

    const reopened = await Spool.open(folder);
    await reopened.append([point(3)]);

    expect(seqs(await reopened.next())).toEqual([1, 2, 3]);
    await reopened.close();
  });

  it('drains again from the start when its cursor was lost', async () => {
    await spool.append([point(1), point(2)]);
    await spool.markDrained((await spool.next()).drainedTo);
    await rm(join(folder, 'spool.cursor'));

    const reopened = await Spool.open(folder);

    expect(seqs(await reopened.next())).toEqual([1, 2]);
    await reopened.close();
  });

  it('takes a cursor beyond its end as that of an emptied spool', async () => {
    await spool.append([point(1)]);
    await writeFile(join(folder, 'spool.cursor'), '999999');

    const reopened = await Spool.open(folder);

    expect(seqs(await reopened.next())).toEqual([1]);
    await reopened.close();
  });

  it('gives at most as much as asked for, in whole lines, and a single longer line all the same', async () => {
    const lineBytes = JSON.stringify(point(1)).length + 1;
    await spool.append([point(1), point(2), point(3)]);

    expect(seqs(await spool.next(2 * lineBytes + 5))).toEqual([1, 2]);
    expect(seqs(await spool.next(10))).toEqual([1]);
  });

  it('is emptied once everything is drained and it has grown, keeping the order', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => point(index + 1));
    await spool.append(many);
    for (let drained = 0; spool.pendingBytes > 0;) {
      const { events, drainedTo } = await spool.next();
      expect(events[0]!.seq).toBe((drained += events.length) - events.length + 1);
      await spool.markDrained(drainedTo);
    }

    expect((await stat(join(folder, 'spool.jsonl'))).size).toBe(0);
    await spool.append([point(10_001)]);
    expect(seqs(await spool.next())).toEqual([10_001]);
    expect(spool.lastSeq).toBe(10_001);
  });

  it('is not emptied while its cursor cannot be written: an old one would skip what comes later', async () => {
    await spool.append(Array.from({ length: 10_000 }, (_, index) => point(index + 1)));
    await mkdir(join(folder, 'spool.cursor.new'));

    const { drainedTo } = await spool.next(2 ** 24);
    await spool.markDrained(drainedTo);

    expect(spool.pendingBytes).toBe(0);
    expect((await stat(join(folder, 'spool.jsonl'))).size).toBe(drainedTo);
  });

  it('keeps appends and drains apart when they happen at once', async () => {
    const drained: number[] = [];
    const appending = (async () => {
      for (let seq = 1; seq <= 300; seq++) await spool.append([point(seq)]);
    })();
    while (drained.length < 300) {
      const { events, drainedTo } = await spool.next(2_000);
      drained.push(...events.map(({ seq }) => seq));
      await spool.markDrained(drainedTo);
    }
    await appending;

    expect(drained).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
  });
});

const point = (seq: number): SpooledEvent => ({
  type: 'point',
  seq,
  metric: 'train/loss',
  step: seq,
  epoch: seq / 10,
  value: seq % 7 === 0 ? 'NaN' : 1 / seq,
  at: '2026-10-01T10:00:00.000Z',
});

const seqs = ({ events }: { events: SpooledEvent[] }) => events.map(({ seq }) => seq);
