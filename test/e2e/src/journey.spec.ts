import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  type Recipe,
  recipe,
  run,
  runDetail,
  sample,
  sweepDetail,
  type Verdict,
  verdict,
} from '@chromatune/contracts';
import { type Platform, startPlatform, temporaryFolder, until } from '@chromatune/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const sweep = `
name: which loss?
dataset: scenes
model: { encoder: resnet18, width: 0.125, imageSize: 32 }
training: { batchSize: 8, learningRate: 0.003 }
space:
  loss: [regression, classification]
search: { method: grid, parallel: 2 }
budget: { epochs: 3 }
samples: { images: 4 }
`;

let platform: Platform;
let folder: string;
let sweepId: string;
let runs: z.infer<typeof run>[];

beforeAll(async () => {
  folder = temporaryFolder('journey');
  platform = await startPlatform({ folder: path.join(folder, 'data'), arguments: ['--no-sweep'] });
  await succeed('data', 'import', 'synthetic', '--name', 'scenes', '--size', '32', '--images', '120');
  const file = path.join(folder, 'sweep.yaml');
  writeFileSync(file, sweep);
  sweepId = z.object({ id: z.string() }).parse(await json('sweep', 'launch', file)).id;
  await untilCompleted();
}, 300_000);

afterAll(async () => {
  expect(await platform.stop()).toBe(0);
});

describe('a sweep from the command line', () => {
  it('trains every run of the space to its end', () => {
    expect(runs.map(({ parameters, state, epoch }) => ({ loss: parameters.loss, state, epoch }))).toEqual([
      { loss: 'regression', state: 'completed', epoch: 3 },
      { loss: 'classification', state: 'completed', epoch: 3 },
    ]);
  });

  it('learns: validation ab RMSE falls below predicting grey', () => {
    for (const { best, baselines } of runs) {
      expect(best['validation/abRmse']!.value).toBeLessThan(baselines!.grey.abRmse);
    }
  });

  it('keeps samples of every epoch of the same photographs', async () => {
    for (const { id } of runs) {
      const samples = await platform.get(`runs/${id}/samples`, z.array(sample));
      expect(samples.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
      expect(samples.map(({ images }) => images.map(({ image }) => image))).toEqual(
        Array(3).fill([0, 1, 2, 3]),
      );
      const png = await fetch(`${platform.apiUrl}/api/runs/${id}/samples/${samples[0]!.attempt}/1.png`);
      expect(png.headers.get('content-type')).toBe('image/png');
    }
  });
});

describe('reproduce', () => {
  it.each([0, 1])(
    'says IDENTICAL of run %i',
    async (index) => {
      const answer = await reproduce(runs[index]!.id);

      expect(answer).toMatchObject({ verdict: 'IDENTICAL', weightsSha256: runs[index]!.weightsSha256 });
    },
    180_000,
  );

  it('says DIVERGED at step 1 or 2 after a changed learning rate', async () => {
    const original = (await platform.get(`runs/${runs[0]!.id}`, runDetail)).recipe;
    const changed: Recipe = {
      ...original,
      optimizer: { ...original.optimizer, learningRate: original.optimizer.learningRate * 1.5 },
    };
    const file = path.join(folder, 'recipe.json');
    writeFileSync(file, JSON.stringify(recipe.parse(changed)));

    const answer = await reproduce(runs[0]!.id, '--recipe', file);

    expect(answer.verdict).toBe('DIVERGED');
    expect([1, 2]).toContain((answer as Extract<Verdict, { verdict: 'DIVERGED' }>).step);
  }, 180_000);
});

describe('run export', () => {
  it('writes recipe, points and samples to a folder', async () => {
    const out = path.join(folder, 'export');
    mkdirSync(out);

    await succeed('run', 'export', runs[0]!.id, '--out', out);

    const files = readdirSync(out, { recursive: true }).map(String);
    const stored = await platform.get(`runs/${runs[0]!.id}`, runDetail);
    expect(JSON.parse(readFileSync(path.join(out, 'recipe.json'), 'utf8'))).toMatchObject({
      recipe: stored.recipe,
      recipeDigest: stored.recipeDigest,
      weightsSha256: stored.weightsSha256,
    });
    const rows = readFileSync(path.join(out, 'points.csv'), 'utf8').trim().split('\n').length - 1;
    expect(rows).toBe((JSON.parse(readFileSync(path.join(out, 'points.json'), 'utf8')) as unknown[]).length);
    expect(files.filter((name) => name.endsWith('.png')).length).toBe(3);
    expect(existsSync(path.join(out, 'points.csv'))).toBe(true);
  });
});

describe('colorize', () => {
  it('colours a photograph with what a run has learned, at its full size', async () => {
    const { id } = runs[1]!;
    const photo = await aPicture(id);

    await succeed('colorize', photo, '--run', id, '--temperature', '0.2', '--out', path.join(folder, 'new'));

    const [before, after] = [photo, path.join(folder, 'new', 'photo.png')].map((file) => readFileSync(file));
    expect(sidesOf(after!)).toEqual(sidesOf(before!));
    expect(after!.equals(before!)).toBe(false);
  }, 120_000);

  it('says why it cannot: a run without bins has no temperature', async () => {
    const { id } = runs[0]!;
    const photo = await aPicture(id);

    const { code, stderr } = await platform.cli('colorize', photo, '--run', id, '--temperature', '0.2');

    expect(code).toBe(1);
    expect(stderr).toContain('predicts colours, not a distribution over colour bins');
  });

  /** A sample of the run: a strip that is much higher than wide. */
  async function aPicture(runId: string): Promise<string> {
    const [first] = await platform.get(`runs/${runId}/samples`, z.array(sample));
    const png = await fetch(`${platform.apiUrl}/api/runs/${runId}/samples/${first!.attempt}/1.png`);
    const file = path.join(folder, 'photo.png');
    writeFileSync(file, Buffer.from(await png.arrayBuffer()));
    return file;
  }

  /** Width and height of a PNG. */
  const sidesOf = (png: Buffer) => [png.readUInt32BE(16), png.readUInt32BE(20)];
});

async function untilCompleted() {
  await until(
    'the end of the sweep',
    async () => (await platform.get(`sweeps/${sweepId}`, sweepDetail)).state === 'completed',
  );
  runs = (await platform.get(`sweeps/${sweepId}/runs`, z.array(run))).sort((a, b) => a.index - b.index);
}

async function reproduce(runId: string, ...more: string[]): Promise<Verdict> {
  const { stdout } = await platform.cli('run', 'reproduce', runId, ...more, '--json');
  return z.object({ verdict }).parse(JSON.parse(stdout)).verdict;
}

async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await platform.cli(...args);
  if (code !== 0) throw new Error(`chromatune ${args.join(' ')}: exit ${code}\n${stdout}\n${stderr}`);
  return stdout;
}

async function json(...args: string[]): Promise<unknown> {
  return JSON.parse(await succeed(...args, '--json'));
}
