import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { srgbToLab8 } from '../lab/lab.js';
import { importSynthetic } from './import-synthetic.js';
import { drawScene } from './synthetic-scene.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-synthetic-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('synthetic scenes', () => {
  it('are the same each time, and others for another seed', async () => {
    const options = { name: 'synthetic-scenes', scenes: 10, imageSize: 16 };
    const digests = [];
    for (const [index, seed] of [0, 0, 1].entries()) {
      digests.push(
        (await importSynthetic({ ...options, seed, workFolder: join(folder, String(index)) })).digest,
      );
    }

    expect(digests[1]).toBe(digests[0]);
    expect(digests[2]).not.toBe(digests[0]);
  });

  it('say that they are no photographs', async () => {
    const { manifest } = await importSynthetic({ name: 's', scenes: 3, imageSize: 16, workFolder: folder });

    expect(manifest.importer).toBe('synthetic');
    expect(manifest.card.title).toMatch(/no photographs/);
    expect(manifest.images).toEqual({ train: 4, validation: 1, test: 1 });
  });

  it('have colours that mean nothing to the eye of a single pixel, but are there', () => {
    const scenes = Array.from({ length: 20 }, (_, scene) => srgbToLab8(drawScene(0, scene, 48).rgb, 48 * 48));
    const ab = Buffer.concat(scenes.map((scene) => scene.ab));

    const hues = new Set<number>();
    for (let index = 0; index < ab.length; index += 2) {
      const [a, b] = [ab[index]! - 128, ab[index + 1]! - 128];
      if (Math.hypot(a, b) > 15) hues.add(Math.round((Math.atan2(b, a) * 4) / Math.PI));
    }
    expect(hues.size).toBeGreaterThanOrEqual(4); // sky, grass, sand, brick
  });

  it('cannot be too few', async () => {
    await expect(importSynthetic({ name: 's', scenes: 2, workFolder: folder })).rejects.toMatchObject({
      code: 'invalid_scenes',
    });
  });
});
