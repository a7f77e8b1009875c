import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { DigestReport } from './testing/train-and-digest.js';

// What only shows between processes: bits that repeat, threads that are limited. Each training is a process of its own.
const onlyPortable = process.env.CHROMATUNE_ENGINE === 'portable';

describe.skipIf(onlyPortable)('the native engine', () => {
  test('trains to the same bits in two processes', async () => {
    const [one, other] = [await trainPlainly(), await train('native', 2)];

    expect(other.losses).toEqual(one.losses);
    expect(other.weightsSha256).toBe(one.weightsSha256);
  });

  test('trains to the same bits whatever the shell sets', async () => {
    const plain = await trainPlainly();
    const shell = { TF_ENABLE_ONEDNN_OPTS: '0', TF_NUM_INTRAOP_THREADS: '7', OMP_NUM_THREADS: '5' };

    expect((await train('native', 2, shell)).weightsSha256).toBe(plain.weightsSha256);
  });

  test('computes with as many threads as it is told', async () => {
    const [one, eight] = [await train('native', 1, {}, 40), await train('native', 8)];

    expect(one.busyThreads).toBeLessThan(1.5); // Node compiles and collects garbage beside the first steps
    expect(eight.threadsOfProcess - one.threadsOfProcess).toBeGreaterThanOrEqual(7);
  });
});

test('the portable engine trains to the same bits in two processes', async () => {
  const [one, other] = [await train('portable', 1), await train('portable', 1)];

  expect(other.weightsSha256).toBe(one.weightsSha256);
});

/** With two threads, in a shell that sets nothing; once for all. */
const trainPlainly = () => (plainTraining ??= train('native', 2));
let plainTraining: Promise<DigestReport> | undefined;

async function train(engine: string, threads: number, environment = {}, steps = 5): Promise<DigestReport> {
  const path = (name: string) => fileURLToPath(new URL(`./testing/${name}`, import.meta.url));
  const args = ['--conditions=@chromatune/source', '--import', path('load-typescript.mjs')];
  args.push(path('train-and-digest.ts'), engine, String(threads), String(steps));
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, ...environment },
  });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as DigestReport;
}
