import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTinyDataset, tinyRecipe } from '../testing/tiny-dataset.js';
import type { ColorizeWork } from '../training/colorize-messages.js';
import { ColorizeProcess } from './colorize-process.js';

let folder: string;
let colorist: ColorizeProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-colorize-'));
});
afterEach(async () => {
  colorist?.stop();
  await rm(folder, { recursive: true });
});

/** Colorists that behave well or badly, each a program of its own. */
describe('the process that colours', () => {
  it('is kept for the next photograph, however many come, and ends when none does', async () => {
    const { run, pid } = await start(`process.on('message', () => process.send({ written: true }));`);

    const pids: (number | null)[] = [];
    for (let photo = 0; photo < 15; photo++) {
      expect(await run()).toEqual({ written: true });
      pids.push(pid());
    }

    expect(new Set(pids).size).toBe(1);
    await expect.poll(pid, { timeout: 5_000 }).toBe(null);
    expect(await run()).toEqual({ written: true });
  });

  it('that ends over a photograph says how, and the next one gets a new process', async () => {
    const { run } = await start(
      `process.on('message', ({ photo }) => {
         if (photo !== 'bad') return process.send({ written: true });
         console.error('out of memory');
         process.exit(7);
       });`,
    );

    expect(await run('bad')).toMatchObject({
      code: 'colorize_ended',
      message: 'The process that colours ended with code 7.\nout of memory',
    });
    expect(await run('good')).toEqual({ written: true });
  });

  it('that is stopped ends its photograph', async () => {
    const { run } = await start(`process.on('message', () => undefined);`);
    const photo = run();
    setTimeout(() => colorist!.stop(), 200);

    expect(await photo).toMatchObject({
      code: 'colorize_ended',
      message: expect.stringContaining('SIGKILL'),
    });
  });
});

async function start(program: string) {
  const entry = join(folder, 'colorist.mjs');
  await writeFile(entry, program);
  const started = new ColorizeProcess({ entry, env: process.env, keptMs: 500 });
  colorist = started;
  return { run: (photo = 'photo') => started.run({ ...work, photo }), pid: () => started.pid };
}

const work: ColorizeWork = {
  recipe: tinyRecipe(makeTinyDataset()),
  checkpoint: 'checkpoint',
  checkpointSha256: 'a'.repeat(64),
  photo: 'photo',
  picture: 'picture',
  temperature: null,
  format: 'png',
  engine: 'portable',
  threads: 1,
};
