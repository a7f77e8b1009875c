import { spawn } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DomainError } from '@chromatune/contracts';
import { explainDiskError } from './disk-error.js';
import { importSynthetic, type SyntheticImportOptions } from './import-synthetic.js';
import { WorkFolder } from './work-folder.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'chromatune-resume-'));
});
afterAll(() => rm(root, { recursive: true }));

/** 264 training images of 256 px: two shards, so that a kill finds a finished one and a half-done one. */
const options = { name: 'scenes', scenes: 10, cropsPerPhoto: 33, imageSize: 256 };

describe('an import that was killed', () => {
  it(
    'goes on where it stopped, at whatever moment it was, and gives the same digest',
    { timeout: 120_000 },
    async () => {
      const whole = await importSynthetic({ ...options, workFolder: join(root, 'whole') });
      const workFolder = join(root, 'killed');

      const stepsAfterKill: number[] = [];
      for (const call of [2, 4, 3]) {
        expect(await importInChild({ ...options, workFolder }, call)).toBe('SIGKILL');
        stepsAfterKill.push((await journalOf(workFolder)).length);
      }
      let firstSeen = -1;
      const onProgress = (done: number, _total: number, what: string) => {
        if (what === 'writing images' && firstSeen < 0 && done > 0) firstSeen = done;
      };
      const resumed = await importSynthetic({ ...options, workFolder, onProgress });

      expect(stepsAfterKill.at(-1)).toBeGreaterThan(0);
      expect(firstSeen).toBe(132); // the finished shard was not written again
      expect(resumed.digest).toBe(whole.digest);
      for (const [name, path] of whole.files) {
        expect(Buffer.compare(await readFile(path), await readFile(resumed.files.get(name)!))).toBe(0);
      }
    },
  );

  it('writes a shard again that was damaged meanwhile', async () => {
    const small = { ...options, scenes: 4, imageSize: 16, workFolder: join(root, 'damaged') };
    const first = await importSynthetic(small);
    await truncate(first.files.get('train-00000.ab.npy')!, 1000);
    await rm(first.files.get('grey.png')!);
    await appendFile(join(first.folder, 'journal.jsonl'), '{"name":"test-00000","result":{"fi'); // killed while it wrote

    const second = await importSynthetic(small);

    expect(second.digest).toBe(first.digest);
    expect((await readFile(second.files.get('train-00000.ab.npy')!)).length).toBeGreaterThan(1000);
    expect((await readFile(second.files.get('grey.png')!)).length).toBeGreaterThan(0);
  });

  it('works in another folder with other options', async () => {
    const small = { ...options, scenes: 4, imageSize: 16, workFolder: join(root, 'several') };

    await importSynthetic(small);
    await importSynthetic({ ...small, seed: 1 });

    expect(await readdir(join(root, 'several'))).toHaveLength(2);
  });
});

describe('a disk that takes no more', () => {
  it('is named when it is full, with what to do', async () => {
    // /dev/full is a disk that is always full; a step that writes to it fails as one on a full disk does.
    const folder = await WorkFolder.open(join(root, 'full'), 'synthetic', 'key');
    const error = await folder
      .step('shard', () => writeFile('/dev/full', 'x').then(() => ({})))
      .catch((thrown) => thrown);

    expect(error).toBeInstanceOf(DomainError);
    expect(error).toMatchObject({
      code: 'disk_full',
      message: expect.stringContaining(folder.path),
      remedy: expect.stringContaining('goes on where it stopped'),
    });
  });

  it.each([
    ['EROFS', 'folder_not_writable'],
    ['EACCES', 'folder_not_writable'],
    ['EDQUOT', 'disk_full'],
  ])('is explained for %s', (code, expected) => {
    const error = explainDiskError(Object.assign(new Error('write'), { code }), '/data/work');

    expect(error).toMatchObject({ code: expected, message: expect.stringContaining('/data/work') });
  });

  it('is named when the work folder is a file, and when it may not be written to', async () => {
    const file = join(root, 'a-file');
    await writeFile(file, '');
    await expect(importSynthetic({ ...options, workFolder: file })).rejects.toMatchObject({
      code: 'folder_is_a_file',
    });

    // Not even root may make folders there.
    await expect(importSynthetic({ ...options, workFolder: '/sys/kernel' })).rejects.toMatchObject({
      code: 'folder_not_writable',
    });
  });

  it('leaves other errors as they are', () => {
    const bug = new TypeError('x is not a function');

    expect(explainDiskError(bug, '/data')).toBe(bug);
  });
});

async function journalOf(workFolder: string): Promise<string[]> {
  const [folder] = await readdir(workFolder);
  const journal = await readFile(join(workFolder, folder!, 'journal.jsonl'), 'utf8').catch(() => '');
  return journal.split('\n').filter(Boolean);
}

/** Runs the import in a process of its own, which kills itself without warning at the given report of progress. */
async function importInChild(
  given: SyntheticImportOptions,
  killAtCall: number,
): Promise<NodeJS.Signals | number | null> {
  const scripts = join(root, 'scripts');
  await mkdir(scripts, { recursive: true });
  await writeFile(join(scripts, 'hooks.mjs'), typescriptHooks());
  const source = new URL('./import-synthetic.ts', import.meta.url).href;
  await writeFile(
    join(scripts, 'import.mjs'),
    `import { register } from 'node:module';
     register(${JSON.stringify(pathToFileURL(join(scripts, 'hooks.mjs')).href)});
     const { importSynthetic } = await import(${JSON.stringify(source)});
     let call = 0;
     const onProgress = () => { if (++call === ${killAtCall}) process.kill(process.pid, 'SIGKILL'); };
     await importSynthetic({ ...${JSON.stringify(given)}, onProgress });`,
  );
  const child = spawn(process.execPath, ['--conditions=@chromatune/source', join(scripts, 'import.mjs')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(signal ?? code));
  });
}

/** Lets plain Node run the sources: `.js` in an import means the `.ts` beside it, and types are taken out. */
function typescriptHooks(): string {
  const typescript = pathToFileURL(createRequire(import.meta.url).resolve('typescript')).href;
  return `
    import ts from ${JSON.stringify(typescript)};
    import { readFileSync, existsSync } from 'node:fs';
    import { fileURLToPath } from 'node:url';
    export async function resolve(specifier, context, next) {
      if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts')) {
        const url = new URL(specifier.replace(/\\.js$/, '.ts'), context.parentURL);
        if (existsSync(url)) return { url: url.href, shortCircuit: true };
      }
      return next(specifier, context);
    }
    export async function load(url, context, next) {
      if (!url.endsWith('.ts')) return next(url, context);
      const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, experimentalDecorators: true };
      const { outputText } = ts.transpileModule(readFileSync(fileURLToPath(url), 'utf8'), { compilerOptions });
      return { format: 'module', source: outputText, shortCircuit: true };
    }`;
}
