import path from 'node:path';
import { type Run, run, runDetail, sample, storedPoint, sweepDetail, trainer } from '@chromatune/contracts';
import { cloneDatabase, runCli, startRedis, temporaryFolder, until } from '@chromatune/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ServiceProgram, startApiProgram, startTrainerProgram } from './programs.js';

const yaml = `
name: shared by all
dataset: scenes
model: { encoder: resnet18, width: 0.125, imageSize: 32 }
training: { batchSize: 4 }
space:
  loss: [regression, classification]
  learningRate: [0.001, 0.003, 0.01]
search: { method: grid, parallel: 4 }
budget: { epochs: 3 }
samples: { images: 2 }
`;

// Two API replicas and two trainers on the same services, as on a cluster. Redis forgets everything and the leading
// replica is killed while they work.
describe('two API replicas and two trainers', { timeout: 120_000 }, () => {
  const started: ServiceProgram[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  let survivor: string;
  let sweepId: string;
  let runs: Run[];

  beforeAll(async () => {
    const folder = temporaryFolder('replicas');
    const [database, redis] = await Promise.all([cloneDatabase(), startRedis()]);
    closing.push(
      () => redis.stop(),
      () => database.drop(),
    );
    const shared = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      OBJECT_STORE_URL: `file://${path.join(folder, 'objects')}`,
    };
    const apis = [startApiProgram(shared), startApiProgram(shared)];
    const trainers = ['one', 'two'].map((name) =>
      startTrainerProgram({
        ...shared,
        TRAINER_FOLDER: path.join(folder, name),
        CACHE_FOLDER: path.join(folder, 'cache'),
        TRAINER_SLOTS: '1',
        CHROMATUNE_THREADS: '1',
      }),
    );
    started.push(...apis, ...trainers);
    const urls = await Promise.all(apis.map((api) => api.listening()));
    await importScenes(urls[0]!);
    await until('both trainers', async () => {
      return (await get(urls[1]!, 'trainers', z.array(trainer))).filter(({ online }) => online).length === 2;
    });

    sweepId = await launch(urls[1]!);
    await until('both trainers at work', async () => {
      const trainersNow = await get(urls[0]!, 'trainers', z.array(trainer));
      return trainersNow.every(({ runs: working }) => working.length === 1);
    });
    await redis.flush();
    const leader = await findLeader(urls);
    apis[leader]!.kill();
    survivor = urls[1 - leader]!;
    expect((await get(survivor, `sweeps/${sweepId}`, sweepDetail)).state).not.toBe('completed');

    await until('the other replica to lead', async () => leads(survivor), 60_000);
    await until('the end of the sweep', async () => {
      return (await get(survivor, `sweeps/${sweepId}`, sweepDetail)).state === 'completed';
    });
    runs = await get(survivor, `sweeps/${sweepId}/runs`, z.array(run));
  }, 500_000);

  afterAll(async () => {
    await Promise.all(started.map((program) => program.stop()));
    for (const close of closing) await close();
  }, 90_000);

  it('complete every run', () => {
    expect(runs.map(({ state, epoch }) => ({ state, epoch }))).toEqual(
      Array(6).fill({ state: 'completed', epoch: 3 }),
    );
  });

  it('train no run twice', () => {
    expect(runs.map(({ attempt, restarts }) => ({ attempt, restarts }))).toEqual(
      Array(6).fill({ attempt: 1, restarts: 0 }),
    );
  });

  it('share the work', async () => {
    const details = await Promise.all(runs.map(({ id }) => get(survivor, `runs/${id}`, runDetail)));

    expect(new Set(details.map(({ attempts }) => attempts[0]!.trainerId)).size).toBe(2);
  });

  it('measure every step once', async () => {
    for (const { id, totalSteps } of runs) {
      const points = await get(survivor, `runs/${id}/points?limit=100000`, z.array(storedPoint));
      const steps = points.filter(({ metric }) => metric === 'train/loss').map(({ step }) => step);

      expect(steps.sort((a, b) => a - b)).toEqual(Array.from({ length: totalSteps! }, (_, step) => step + 1));
    }
  });

  it('leave everything to the surviving replica: samples, checkpoints, new commands', async () => {
    for (const { id } of runs) {
      const samples = await get(survivor, `runs/${id}/samples`, z.array(sample));
      const { checkpoints } = await get(survivor, `runs/${id}`, runDetail);
      const last = checkpoints.at(-1)!;
      const addresses = [`samples/1/${samples[0]!.epoch}.png`, `checkpoints/${last.attempt}/${last.step}`];
      const answers = await Promise.all(
        addresses.map((address) => fetch(`${survivor}/api/runs/${id}/${address}`)),
      );

      expect(samples.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    }
    const shown = await runCli(survivor, ['sweep', 'show', sweepId]);
    expect(shown).toMatchObject({ code: 0 });
  });
});

async function importScenes(url: string) {
  const imported = await runCli(url, [
    ...['data', 'import', 'synthetic', '--name', 'scenes', '--size', '32', '--images', '100'],
  ]);
  if (imported.code !== 0) throw new Error(imported.stderr);
}

async function launch(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/sweeps`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ yaml }),
  });
  return z.object({ id: z.string() }).parse(await answer.json()).id;
}

/** Index of the replica that leads. Never both. */
async function findLeader(urls: string[]): Promise<number> {
  let leading: boolean[] = [];
  await until('a leader', async () => {
    leading = await Promise.all(urls.map(leads));
    return leading.includes(true);
  });
  expect(leading.filter(Boolean)).toHaveLength(1);
  return leading.indexOf(true);
}

async function leads(url: string): Promise<boolean> {
  const metrics = await (await fetch(`${url}/api/metrics`)).text();
  return /^chromatune_scheduler_leads 1$/m.test(metrics);
}

async function get<T>(url: string, what: string, schema: z.ZodType<T>): Promise<T> {
  const answer = await fetch(`${url}/api/${what}`, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
  return schema.parse(await answer.json());
}
