import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { datasetFileKey, type RunDetail } from '@chromatune/contracts';
import { decodeSafetensors, encodePicture, openPhoto, srgbToLab } from '@chromatune/data';
import {
  cloneDatabase,
  endConnections,
  startRedis,
  temporaryFolder,
  type TestRedis,
} from '@chromatune/test-support';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTrainerFolder } from './supervisor/trainer-folder.js';
import { tinyRecipe } from './testing/tiny-dataset.js';
import { makeTestWeights } from './testing/tiny-weights.js';
import { compiled, isAlive, type LogRecord, World } from './testing/world.js';

let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let redis: TestRedis;
let world: World;
const spawned: ChildProcess[] = [];
const epochs = 4;
/** Enough for an epoch to be seen while it lasts: a step takes 2 to 3 milliseconds, and is reported 400 later. */
const stepsPerEpoch = 250;
/** The same recipe, trained without any interruption. */
let whole: { run: RunDetail; measured: Awaited<ReturnType<World['measured']>>; logs: LogRecord[] };

const recipe = () => tinyRecipe(world.dataset, { epochs, batchSize: 2 });
const midEpoch = (run: RunDetail) => run.step > stepsPerEpoch && run.step % stepsPerEpoch > 3;

beforeAll(async () => {
  if (!existsSync(join(compiled, 'training/main.js')))
    throw new Error('Build the trainer first: npx nx run @chromatune/trainer:build');
  [clone, redis] = await Promise.all([cloneDatabase(), startRedis()]);
  world = await World.make({
    folder: temporaryFolder('trainer'),
    databaseUrl: clone.url,
    env: process.env,
    redisUrl: redis.url,
  });
  whole = await trainWhole();
}, 240_000);
afterAll(async () => {
  await world?.close();
  await redis?.stop();
  await clone?.drop();
});
beforeEach(() => void world.logs.splice(0));
afterEach(async () => {
  for (const trainer of spawned.splice(0)) trainer.kill('SIGKILL'); // one that a failed test left would take the next one's runs
  await world.stopTrainers();
});

describe('a trainer', { timeout: 180_000 }, () => {
  it('trains a run from the bell to its last row: points, samples and checkpoints', async () => {
    const { run, measured, logs } = whole;

    expect(measured.filter(({ metric }) => metric === 'train/loss').map(({ step }) => step)).toEqual(
      Array.from({ length: epochs * stepsPerEpoch }, (_, index) => index + 1),
    );
    expect(measured.filter(({ metric }) => metric === 'validation/abRmse')).toHaveLength(epochs);
    expect(run).toMatchObject({ attempt: 1, restarts: 0, totalSteps: epochs * stepsPerEpoch, epoch: epochs });
    expect(run.baselines).toMatchObject({
      grey: { abRmse: expect.any(Number) as number },
      meanColor: { abRmse: expect.any(Number) as number },
    });
    expect(run.weightsSha256).toBe(run.checkpoints.at(-1)!.weightsSha256);

    const samples = await world.database.samples.ofRun(run.id);
    expect(samples.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    for (const { key } of [...samples, ...run.checkpoints]) expect(await world.store.exists(key)).toBe(true);
    for (const line of logs.filter(({ msg }) => msg.startsWith('Epoch')))
      expect(line).toMatchObject({ runId: run.id, attempt: 1 });
  });

  it('hears the bell again after all its slots were taken', async () => {
    await world.startTrainer({ POLL_SECONDS: '600' });
    const short = tinyRecipe(world.dataset, { epochs: 1 });
    for (const name of ['bell-1', 'bell-2']) {
      const id = await world.queueRun(name, short);
      await world.ring(id);
      await world.untilState(id, 'completed');
    }
  });

  it('removes checkpoints that nobody needs, and its work folder', async () => {
    expect(whole.run.checkpoints.length).toBeLessThan(epochs);
    const objects = readdirSync(join(world.folder, 'objects/runs/whole/1/checkpoints'), { recursive: true });
    expect(objects.filter((name) => String(name).endsWith('.safetensors'))).toHaveLength(
      whole.run.checkpoints.length,
    );
    expect(readdirSync(join(world.folder, 'trainer-1/attempts'))).toEqual([]);
  });

  it('finds queued runs without Redis, also when it is killed meanwhile', async () => {
    const other = await startRedis();
    await world.startTrainer({ REDIS_URL: other.url });
    const ids = ['redis-dies', 'redis-gone'];
    await world.queueRun(ids[0]!, tinyRecipe(world.dataset, { epochs: 2 }));
    await world.until(ids[0]!, ({ step }) => step > 3, 'training');
    process.kill(other.pid, 'SIGKILL');
    await world.queueRun(ids[1]!, tinyRecipe(world.dataset, { epochs: 1 }));

    for (const id of ids) expect((await world.untilState(id, 'completed')).attempts).toHaveLength(1);
  });

  it('whose child is killed mid-epoch goes on from its checkpoint, and nothing measured differs', async () => {
    await world.startTrainer();
    const id = await world.queueRun('child-killed', recipe());
    await world.until(id, midEpoch, 'mid-epoch');
    process.kill(world.childOf(id, 1)!, 'SIGKILL');

    const run = await world.untilState(id, 'completed');

    expect(run.attempts).toMatchObject([
      { number: 1, state: 'lost', reason: expect.stringContaining('SIGKILL') },
      { number: 2, state: 'completed' },
    ]);
    const from = run.attempts[1]!.resumedFromStep!;
    expect([1, 2, 3].map((epoch) => epoch * stepsPerEpoch)).toContain(from); // it may be an epoch further when it is killed
    await expectTheSame(run);
  });

  it('removes a checkpoint that a killed attempt had uploaded without its row', async () => {
    await world.startTrainer();
    const id = await world.queueRun('row-missing', tinyRecipe(world.dataset, { epochs: 2 }));
    await world.until(id, ({ step }) => step > 3, 'training');
    const [unknown, ofAnother] = ['row-missing', 'row-missing-0'].map(
      (run) => `runs/${run}/1/checkpoints/step-9999.safetensors`,
    ) as [string, string];
    for (const key of [unknown, ofAnother]) await world.store.put(key, Uint8Array.of(1));
    process.kill(world.childOf(id, 1)!, 'SIGKILL');

    const { checkpoints } = await world.untilState(id, 'completed');

    expect(await world.store.exists(unknown)).toBe(false);
    for (const key of [ofAnother, ...checkpoints.map((one) => one.key)])
      expect(await world.store.exists(key)).toBe(true);
  });

  it('pauses a run at its next step, and resumed it goes on from there', async () => {
    await world.startTrainer();
    const id = await world.queueRun('paused', recipe());
    await world.until(id, midEpoch, 'mid-epoch');
    await world.database.runs.setCommand(id, 'pause');

    const paused = await world.untilState(id, 'paused');
    expect(paused.checkpoints.at(-1)).toMatchObject({ step: paused.step }); // of the pause, or of an epoch that ended just then
    await world.database.runs.requeue(id);

    const run = await world.untilState(id, 'completed');
    expect(run.attempts).toMatchObject([
      { state: 'paused' },
      { resumedFromStep: paused.step, state: 'completed' },
    ]);
    expect(run.restarts).toBe(0);
    await expectTheSame(run);
  });

  it('ends a cancelled run', async () => {
    await world.startTrainer();
    const id = await world.queueRun('cancelled', recipe());
    await world.until(id, ({ step }) => step > 3, 'training');

    await world.database.runs.setCommand(id, 'cancel');

    await world.untilState(id, 'cancelled');
    await eventually(() => !isAlive(world.childOf(id, 1)!));
  });

  it('that is stopped saves a checkpoint and hands its run back at once; another goes on with it', async () => {
    const first = await world.startTrainer();
    const id = await world.queueRun('handed-on', recipe());
    const { step } = await world.until(id, midEpoch, 'mid-epoch');

    await first.stop();
    const released = await world.database.runs.detail(id);
    await world.startTrainer();

    expect(released).toMatchObject({ state: 'queued', restarts: 0, attempts: [{ state: 'released' }] });
    expect(released!.checkpoints.at(-1)!.step).toBeGreaterThanOrEqual(step);
    await expectTheSame(await world.untilState(id, 'completed'));
  });

  it('that was killed comes back, drains what it had measured, and its run goes on', async () => {
    const environment = world.environment({ LEASE_SECONDS: '20' });
    const first = spawnTrainer(environment);
    const id = await world.queueRun('trainer-killed', recipe());
    const { step } = await world.until(id, midEpoch, 'mid-epoch');
    first.kill('SIGKILL');
    await eventually(() => !isAlive(world.childOf(id, 1)!)); // without its supervisor it ends by itself
    const second = spawnTrainer(environment);
    try {
      const run = await world.untilState(id, 'completed');

      expect(run.attempts[0]).toMatchObject({
        state: 'lost',
        reason: expect.stringContaining('started anew'),
      });
      expect(run.attempts[1]!.resumedFromStep).toBeLessThanOrEqual(step);
      await expectTheSame(run);
    } finally {
      second.kill('SIGTERM');
      await new Promise((resolve) => second.once('close', resolve));
    }
  });

  it('that has lost its lease ends its child, and may write no more', async () => {
    const trainer = await world.startTrainer();
    const id = await world.queueRun('fenced', recipe());
    await world.until(id, midEpoch, 'mid-epoch');
    await world.database.trainers.setDraining(trainer.id, true);
    await trainer.supervisor.renew();

    await world.database.runs.markTrainerAttemptsLost(trainer.id);
    await eventually(() => !isAlive(world.childOf(id, 1)!));
    const pointsThen = await world.database.points.ofRun(id, { attempt: 1, limit: 100_000 });

    await world.startTrainer();
    const run = await world.untilState(id, 'completed');
    expect(run.attempts.map(({ state }) => state)).toEqual(['lost', 'completed']);
    expect(await world.database.points.ofRun(id, { attempt: 1, limit: 100_000 })).toHaveLength(
      pointsThen.length,
    );
    await expectTheSame(run);
  });

  it('never shares a run with another: two trainers, four runs, one attempt each', async () => {
    await Promise.all([world.startTrainer(), world.startTrainer()]);
    const short = tinyRecipe(world.dataset, { epochs: 1 });
    const ids = await Promise.all([1, 2, 3, 4].map((index) => world.queueRun(`race-${index}`, short)));
    await Promise.all(ids.flatMap((id) => [world.ring(id), world.ring(id)]));

    const runs = await Promise.all(ids.map((id) => world.untilState(id, 'completed')));

    expect(runs.map(({ attempts }) => attempts.length)).toEqual([1, 1, 1, 1]);
    expect(new Set(runs.map(({ attempts }) => attempts[0]!.trainerId)).size).toBe(2);
    expect(new Set(runs.map(({ weightsSha256 }) => weightsSha256)).size).toBe(1);
  });

  it('that drains takes no run', async () => {
    const trainer = await world.startTrainer();
    await world.database.trainers.setDraining(trainer.id, true);
    await trainer.supervisor.renew();
    const id = await world.queueRun('waits', tinyRecipe(world.dataset, { epochs: 1 }));
    await trainer.supervisor.fillSlots();

    expect((await world.database.runs.find(id))!.state).toBe('queued');
    await world.database.trainers.setDraining(trainer.id, false);
    await world.untilState(id, 'completed');
  });

  it('fetches imported weights, trains from them, and gives the same numbers again', async () => {
    const weights = makeTestWeights('resnet18');
    await world.addWeights(weights, 'resnet18');
    const model = { ...recipe().model, width: 1, cut: 'conv2' as const, weights: weights.digest };
    const frozen = {
      ...model,
      inputAdaptation: 'replicate-normalised' as const,
      freezeThrough: 'conv2' as const,
    };
    const run = tinyRecipe(world.dataset, { epochs: 1, model: frozen });
    await world.startTrainer();
    const ids = [await world.queueRun('weights-1', run), await world.queueRun('weights-2', run)];

    const [first, second] = [
      await world.untilState(ids[0]!, 'completed'),
      await world.untilState(ids[1]!, 'completed'),
    ];

    expect(second.weightsSha256).toBe(first.weightsSha256);
    expect(await world.measured(second.id)).toEqual(await world.measured(first.id));
    const { tensors } = decodeSafetensors(await world.store.get(first.checkpoints.at(-1)!.key));
    for (const name of ['encoder/conv1/weight', 'encoder/layer1/1/bn2/running_var'])
      expect(tensors.find((tensor) => tensor.name === name)!.data).toEqual(weights.tensors.get(name)!.data);
  });

  it('fetches imported weights of LPIPS, and measures by them', async () => {
    const weights = makeTestWeights('lpips-alex');
    await world.addWeights(weights, 'lpips-alex');
    await world.startTrainer();
    const id = await world.queueRun('lpips', tinyRecipe(world.dataset, { epochs: 1, lpips: weights.digest }));

    const run = await world.untilState(id, 'completed');

    expect(run.latest['validation/lpips']).toBeGreaterThan(0);
    expect(run.baselines!.grey.metrics!['validation/lpips']).toBeGreaterThan(0);
  });

  it('says what to do about weights that are damaged in the store', async () => {
    const weights = { digest: 'de'.repeat(32), bytes: Uint8Array.of(1, 2, 3), tensors: new Map() };
    await world.addWeights(weights, 'resnet18');
    await world.startTrainer();
    const model = { ...recipe().model, width: 1, weights: weights.digest };
    const id = await world.queueRun('damaged-weights', tinyRecipe(world.dataset, { model }));

    const { failure } = await world.untilState(id, 'failed');

    expect(failure).toMatchObject({
      class: 'corruptShard',
      message: expect.stringContaining('dededededede'),
    });
    expect(failure!.remedy).toContain('npx chromatune weights import FILE');
  });

  it('says what to do about a dataset file that is damaged in the store', async () => {
    const [shard] = world.dataset.manifest.shards;
    const key = datasetFileKey(shard!.l);
    await world.store.put(key, new Uint8Array(shard!.l.bytes));
    await world.startTrainer({ CACHE_FOLDER: join(world.folder, 'another-cache') });
    const id = await world.queueRun('damaged', recipe());

    const run = await world.untilState(id, 'failed');

    await world.store.put(key, world.dataset.bytes.get(shard!.l.name)!);
    expect(run.failure).toMatchObject({
      class: 'corruptShard',
      message: expect.stringContaining(shard!.l.name),
    });
    expect(run.failure!.remedy).toContain('Import the dataset again');
  });

  it('goes on from an earlier checkpoint when the newest is damaged', async () => {
    const first = await world.startTrainer();
    const id = await world.queueRun('bad-checkpoint', recipe());
    await world.until(id, midEpoch, 'mid-epoch');
    await first.stop();
    const newest = (await world.database.checkpoints.latest(id))!;
    await world.store.put(newest.key, new Uint8Array(100));

    await world.startTrainer();

    const run = await world.untilState(id, 'completed');
    expect(run.attempts[1]!.resumedFromStep).toBeLessThan(newest.step);
    await expectTheSame(run);
  });

  it('colours photographs with the checkpoint of a run, or says why it cannot', async () => {
    await world.startTrainer({ POLL_SECONDS: '600' });
    const [width, height] = [100, 60];
    const grey = new Uint8Array(width * height * 3);
    for (let pixel = 0; pixel < width * height; pixel++)
      grey.fill(45 + ((pixel % width) * 35) / width, pixel * 3, pixel * 3 + 3);
    const photo = await encodePicture({ rgb: grey, width, height }, 'png');

    const picture = await world.colorize(whole.run, photo);
    const none = await world.colorize(whole.run, new TextEncoder().encode('no picture'));
    const lost = await world.colorize(withoutCheckpoint(whole.run), photo);

    const painted = await openPhoto(picture as Uint8Array);
    expect([painted.width, painted.height]).toEqual([width, height]);
    const { l, ab } = srgbToLab(painted.rgb, width * height);
    const { l: own } = srgbToLab(grey, width * height);
    expect(Math.max(...l.map((value, pixel) => Math.abs(value - own[pixel]!)))).toBeLessThan(1);
    // In this dataset a is 8-bit L / 3 - 38, and b is 42 - 8-bit L / 3.
    const truth = Float32Array.from(ab, (_, index) => {
      const third = (own[index >> 1]! * 2.55) / 3;
      return index % 2 === 0 ? third - 38 : 42 - third;
    });
    const error = (of: (index: number) => number) =>
      Math.hypot(...truth.map((value, index) => value - of(index))) / Math.sqrt(truth.length);
    expect(error((index) => ab[index]!)).toBeLessThan(0.7 * error(() => 0));
    expect(none).toMatchObject({ code: 'unreadable_photo', status: 422 });
    expect(lost).toMatchObject({
      code: 'missing_file',
      remedy: expect.stringContaining('npx chromatune run show') as string,
    });
    expect(readdirSync(join(world.folder, `trainer-${world.trainersStarted}/colorize`))).toEqual([]);
  });

  it('tells its health and its metrics', async () => {
    const { port } = await world.startTrainer();

    const health = await (await fetch(`http://127.0.0.1:${port}/health`)).json();
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();

    expect(health).toMatchObject({ status: 'ok', parts: { slots: { detail: '0 of 1 busy' } } });
    expect(metrics).toContain('chromatune_trainer_slots 1');
  });
  it('that cannot start lets go of its folder and of Postgres', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;

    const starting = world.startTrainer({ TRAINER_PORT: String(port), TRAINER_HOST: '127.0.0.1' });

    await expect(starting).rejects.toThrow('EADDRINUSE');
    taken.close();
    const folder = join(world.folder, `trainer-${world.trainersStarted}`);
    const trainerId = readFileSync(join(folder, 'trainer-id'), 'utf8').trim();
    for (const name of [`chromatune trainer ${trainerId}`, 'chromatune listener'])
      expect(await endConnections(clone.url, name)).toBe(0);
    await (await openTrainerFolder(folder)).release();
  });
});

/** Only the bell can have told the trainer: it asks by itself every ten minutes. */
async function trainWhole(): Promise<typeof whole> {
  await world.startTrainer({ POLL_SECONDS: '600' });
  const id = await world.queueRun('whole', recipe());
  await world.ring(id);
  const run = await world.untilState(id, 'completed');
  const measured = await world.measured(id);
  await world.stopTrainers();
  return { run, measured, logs: [...world.logs] };
}

/** As if the checkpoint had been removed since the run was looked at. */
const withoutCheckpoint = (run: RunDetail): RunDetail => ({
  ...run,
  checkpoints: run.checkpoints.map((one) => ({ ...one, key: `${one.key}.gone`, sha256: 'f'.repeat(64) })),
});

/** No point lost, none doubled, and the same weights to the last bit. */
async function expectTheSame(run: RunDetail): Promise<void> {
  expect(run.weightsSha256).toBe(whole.run.weightsSha256);
  expect(await world.measured(run.id)).toEqual(whole.measured);
}

function spawnTrainer(environment: Record<string, string>): ChildProcess {
  const trainer = spawn(process.execPath, [join(compiled, 'main.js')], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  spawned.push(trainer);
  const lines = createInterface(trainer.stdout);
  lines.on('line', (line) => void world.logs.push(JSON.parse(line) as LogRecord));
  return trainer;
}

async function eventually(isSo: () => boolean): Promise<void> {
  for (
    const deadline = Date.now() + 20_000;
    !isSo();
    await new Promise((resolve) => setTimeout(resolve, 50))
  ) {
    if (Date.now() > deadline) throw new Error('It did not happen.');
  }
}
