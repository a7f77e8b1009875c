import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Run, run, runDetail, sample, sweepDetail } from '@chromatune/contracts';
import { openObjectStore } from '@chromatune/storage';
import {
  type ObjectServer,
  type Platform,
  startMinio,
  startPlatform,
  temporaryFolder,
  until,
} from '@chromatune/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const spec = `
name: in a bucket
dataset: scenes
model: { encoder: resnet18, width: 0.125, imageSize: 32 }
training: { batchSize: 8 }
space: { loss: [regression, classification] }
search: { method: grid, parallel: 2 }
budget: { epochs: 2 }
samples: { images: 2 }
`;

const server = await startMinio();

if ('unavailable' in server) it.skip(`a sweep in a bucket: no S3 server can be had (${server.unavailable})`);
else describe(`a sweep whose objects are in ${server.name}`, () => trainsIn(server));

function trainsIn({ url, stop }: ObjectServer) {
  let platform: Platform;
  let runs: Run[];

  beforeAll(async () => {
    const folder = temporaryFolder('s3');
    platform = await startPlatform({
      folder: path.join(folder, 'data'),
      arguments: ['--no-sweep'],
      environment: { OBJECT_STORE_URL: url },
    });
    await succeed('data', 'import', 'synthetic', '--name', 'scenes', '--size', '32', '--images', '80');
    const file = path.join(folder, 'sweep.yaml');
    writeFileSync(file, spec);
    const launched = await succeed('sweep', 'launch', file, '--json');
    const { id } = z.object({ id: z.string() }).parse(JSON.parse(launched));
    await until('the end of the sweep', async () => {
      return (await platform.get(`sweeps/${id}`, sweepDetail)).state === 'completed';
    });
    runs = await platform.get(`sweeps/${id}/runs`, z.array(run));
  }, 400_000);

  afterAll(async () => {
    expect(await platform.stop()).toBe(0);
    await stop();
  }, 60_000);

  it('trains every run to its end', () => {
    expect(runs.map(({ state, epoch }) => ({ state, epoch }))).toEqual(
      Array(2).fill({ state: 'completed', epoch: 2 }),
    );
  });

  it('serves samples and checkpoints out of the bucket', async () => {
    for (const { id } of runs) {
      const [first] = await platform.get(`runs/${id}/samples`, z.array(sample));
      const { checkpoints } = await platform.get(`runs/${id}`, runDetail);
      const png = await download(`runs/${id}/samples/${first!.attempt}/${first!.epoch}.png`);
      const last = checkpoints.at(-1)!;
      const weights = await download(`runs/${id}/checkpoints/${last.attempt}/${last.step}`);

      expect(png.subarray(1, 4).toString()).toBe('PNG');
      expect(weights.length).toBe(last.bytes);
    }
  });

  it('has every object in the bucket, and none in the data folder', async () => {
    const wanted = await Promise.all(
      runs.map(async ({ id }) => {
        const samples = await platform.get(`runs/${id}/samples`, z.array(sample));
        const { checkpoints } = await platform.get(`runs/${id}`, runDetail);
        return [...samples, ...checkpoints].map(({ key }) => key);
      }),
    );

    const keys = await keysOf(url);
    expect(keys).toEqual(expect.arrayContaining(wanted.flat()));
    expect(keys.filter((key) => key.startsWith('datasets/files/')).length).toBeGreaterThan(3);
    expect(keys.filter((key) => key.startsWith('datasets/manifests/'))).toHaveLength(1);
    expect(await keysOf(`file://${path.join(platform.folder, 'objects')}`)).toEqual([]);
  });

  async function download(what: string): Promise<Buffer> {
    const answer = await fetch(`${platform.apiUrl}/api/${what}`);
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.arrayBuffer());
  }

  async function succeed(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await platform.cli(...args);
    if (code !== 0) throw new Error(`chromatune ${args.join(' ')}: exit ${code}\n${stdout}\n${stderr}`);
    return stdout;
  }
}

async function keysOf(url: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of (await openObjectStore(url)).list('')) keys.push(key);
  return keys;
}
