import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addonIn, findAddonSources } from './addon.js';
import { engineCache, engineFolderName } from './cache.js';
import { cudaParts, nativeParts } from './pins.js';
import { verifyAddon } from './verify-addon.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-verify-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a file that is no addon is not verified', async () => {
  const addon = join(folder, 'tfjs_binding.node');
  await writeFile(addon, 'not a library');

  await expect(verifyAddon(addon, nativeParts, await findAddonSources(), process.env)).rejects.toMatchObject({
    code: 'engine_verification_failed',
    message: expect.stringContaining('tfjs_binding.node') as string,
  });
});

describe.skipIf(process.env.CHROMATUNE_ENGINE === 'portable')('the installed addon', () => {
  test('is verified by its numbers', async () => {
    const verified = await verifyAddon(await installed(), nativeParts, await findAddonSources(), process.env);

    expect(verified).toMatchObject({ tensorflowVersion: '2.21.0', usesGpu: false });
  });

  test('of another TensorFlow than the pinned one is refused', async () => {
    const newer = { ...nativeParts, tensorflowVersion: '2.22.0' };

    await expect(
      verifyAddon(await installed(), newer, await findAddonSources(), process.env),
    ).rejects.toMatchObject({ message: expect.stringContaining('says TensorFlow 2.21.0') as string });
  });

  test('is no cuda engine where TensorFlow sees no GPU', async () => {
    const sources = await findAddonSources();
    const hidden = { ...process.env, CUDA_VISIBLE_DEVICES: '-1' };

    await expect(verifyAddon(await installed(), cudaParts, sources, hidden)).rejects.toMatchObject({
      code: 'engine_verification_failed',
      message: expect.stringContaining('does not see the GPU') as string,
      remedy: expect.stringContaining('CHROMATUNE_ENGINE=native') as string,
    });
  });
});

async function installed(): Promise<string> {
  return addonIn(join(engineCache(process.env), engineFolderName(nativeParts, await findAddonSources())));
}
