import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { run, sweep } from '@chromatune/contracts';
import {
  cloneDatabase,
  type Platform,
  runCli,
  startPlatform,
  startRedis,
  temporaryFolder,
  until,
} from '@chromatune/test-support';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ServiceProgram, startApiProgram, startLauncher, startTrainerProgram } from './programs.js';

// Every mistake here is made as people make it: on the command line, in a file, in the environment. Each must end with
// an exit code, words that name the thing, and a way out, and must change nothing.

const spec = `name: bad
dataset: scenes
model: { encoder: resnet18, width: 0.125, imageSize: 32 }
budget: { epochs: 2 }
`;
const canMount = mounts();
const { platform, folder } = usePlatform();

describe('a sweep file', () => {
  afterEach(async () => {
    expect(await platform().get('sweeps', z.array(sweep))).toEqual([]);
  });

  it.each([
    {
      mistake: 'a key with a typing error',
      yaml: spec + 'trainning: { batchSize: 8 }',
      says: /line 5: A sweep has no key "trainning"\. Did you mean training\?/,
    },
    {
      mistake: 'a parameter with a typing error',
      yaml: spec + 'training: { bachSize: 8 }',
      says: /line 5: Training has no key "bachSize"\. Did you mean batchSize\?/,
    },
    {
      mistake: 'no epochs',
      yaml: spec.replace('epochs: 2', 'epochs: 0'),
      says: /line 4: budget\.epochs must be a whole number from 1 to \d+, not 0\./,
    },
    {
      mistake: 'an image size no network can have',
      yaml: spec.replace('imageSize: 32', 'imageSize: 50'),
      says: /line 3: imageSize must be a multiple of 16 from 32 to 512, not 50\./,
    },
    {
      mistake: 'images larger than those of the dataset',
      yaml: spec.replace('imageSize: 32', 'imageSize: 64'),
      says: /line 3: imageSize 64 is larger than the 32 pixels of dataset scenes\. Use at most 32, or import/,
    },
    {
      mistake: 'a negative learning rate',
      yaml: spec + 'training: { learningRate: -1 }',
      says: /line 5: learningRate must be a number above 0 and at most 10, not -1\./,
    },
    {
      mistake: 'an objective that compares different losses',
      yaml: spec + 'space: { loss: [regression, classification] }\nobjective: { metric: validation/loss }',
      says: /line 6: [^]*not comparable[^]*validation\/abRmse or validation\/deltaE2000/,
    },
    {
      mistake: 'a dataset that is not there',
      yaml: spec.replace('dataset: scenes', 'dataset: scene'),
      says: /line 2: There is no dataset scene\. There are: scenes\./,
    },
    {
      mistake: 'a bracket that is not closed',
      yaml: 'name: [half\ndataset: scenes\n',
      says: /line 2: This is not valid YAML/,
    },
    {
      mistake: 'a picture instead of YAML',
      yaml: '\x89PNG\r\n',
      says: /line 1: .*YAML|line 1: A sweep must be/,
    },
    {
      mistake: 'nothing in it',
      yaml: '',
      says: /line 1: The spec is empty\. A sweep needs name, dataset and budget/,
    },
  ])('with $mistake is refused at its line, and nothing is launched', async ({ yaml, says }) => {
    const file = path.join(folder(), 'bad.yaml');
    writeFileSync(file, yaml);

    const { code, stdout, stderr } = await platform().cli('sweep', 'launch', file);

    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/→ .*sweep plan/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  it('shows only the first ten of hundreds of problems', async () => {
    const file = path.join(folder(), 'bad.yaml');
    writeFileSync(file, '%a\n'.repeat(300));

    const { code, stderr } = await platform().cli('sweep', 'launch', file);

    expect(code).toBe(1);
    expect(stderr.split('\n').length).toBeLessThan(15);
  });

  it.each([
    { what: 'does not exist', name: 'nowhere.yaml', says: 'there is no such file' },
    { what: 'is a folder', name: '.', says: 'it is a folder' },
  ])('that $what is named', async ({ name, says }) => {
    const file = path.join(folder(), name);

    expect(await platform().cli('sweep', 'launch', file)).toEqual({
      code: 1,
      stdout: '',
      stderr: `✖ ${path.resolve(file)} cannot be read: ${says}.\n  → Name a YAML file, for example examples/first-sweep.yaml.\n`,
    });
  });
});

describe('an import', () => {
  beforeEach(() => {
    rmSync(path.join(folder(), 'input'), { recursive: true, force: true });
    mkdirSync(path.join(folder(), 'input'));
  });

  it.each([
    {
      mistake: 'ab is cut short',
      l: npy([20, 32, 32], 20 * 32 * 32),
      ab: npy([20, 32, 32, 2], 20 * 32 * 32),
      says: /ab\.npy: it is cut short: 41088 bytes expected, 20608 found\.\n {2}→ Check that the file was copied whole/,
    },
    {
      mistake: 'L holds Python objects',
      l: npy([20], 3, '|O'),
      ab: npy([20, 32, 32, 2], 20 * 32 * 32 * 2),
      says: /l\.npy: it holds Python objects[^]*→ Save it again as plain numbers/,
    },
    {
      mistake: 'L is no npy file',
      l: Buffer.from('hello'),
      ab: npy([20, 32, 32, 2], 20 * 32 * 32 * 2),
      says: /l\.npy: it does not begin as npy files do\.\n {2}→ /,
    },
    {
      mistake: 'L is not there',
      l: null,
      ab: npy([20, 32, 32, 2], 20 * 32 * 32 * 2),
      says: /l\.npy cannot be read: there is no such file\.\n {2}→ /,
    },
  ])('of arrays where $mistake is refused', async ({ l, ab, says }) => {
    if (l) writeFileSync(input('l.npy'), l);
    writeFileSync(input('ab.npy'), ab);

    const { code, stderr } = await platform().cli(
      ...['data', 'import', 'npy', '--name', 'arrays', '--l', input('l.npy'), '--ab', input('ab.npy')],
    );

    expect(stderr).toMatch(says);
    expect(code).toBe(1);
    expect(await datasetNames()).not.toContain('arrays');
  });

  it('of photographs leaves out unreadable ones, says why, and succeeds', async () => {
    for (let index = 0; index < 4; index++) writeFileSync(input(`good-${index}.ppm.png`), picture(index));
    writeFileSync(input('broken.png'), picture(9).subarray(0, 60));
    writeFileSync(input('text.jpg'), 'hello');

    const imported = await platform().cli(
      'data',
      'import',
      'photos',
      input(''),
      '--name',
      'holiday',
      '--size',
      '32',
    );

    expect(imported).toMatchObject({ code: 0 });
    expect(imported.stdout).toMatch(/2 files skipped; data show holiday says why/);
    const { stdout } = await platform().cli('data', 'show', 'holiday');
    expect(stdout).toMatch(/broken\.png: cannot be read: the file is damaged or truncated/);
    expect(stdout).toMatch(/text\.jpg: cannot be read: no picture/);
  });

  it.each([
    {
      mistake: 'a folder without photographs',
      name: '',
      says: /has 0 usable photographs[^]*→ Name a folder/,
    },
    {
      mistake: 'a folder that does not exist',
      name: 'none',
      says: /none cannot be read: there is no such folder\.\n {2}→ /,
    },
    { mistake: 'a file', name: 'notes.txt', says: /notes\.txt cannot be read: it is a file\.\n {2}→ / },
  ])('of $mistake is refused', async ({ name, says }) => {
    writeFileSync(input('notes.txt'), 'no photographs');

    const { code, stderr } = await platform().cli(
      'data',
      'import',
      'photos',
      input(name),
      '--name',
      'nothing',
    );

    expect(stderr).toMatch(says);
    expect(code).toBe(1);
    expect(await datasetNames()).not.toContain('nothing');
  });

  const input = (name: string) => path.join(folder(), 'input', name);
});

describe('the command line', () => {
  it.each([
    { args: ['swep', 'list'], code: 2, says: /unknown command 'swep'\n\(Did you mean sweep\?\)[^]*--help/ },
    { args: ['sweep', 'lunch', 'x'], code: 2, says: /unknown command 'lunch'\n\(Did you mean launch\?\)/ },
    { args: ['sweep', 'list', '--jsn'], code: 2, says: /unknown option '--jsn'\n\(Did you mean --json\?\)/ },
    { args: ['data', 'import', 'photos', '.'], code: 2, says: /'--name <name>' not specified[^]*--help/ },
    { args: ['run', 'show', 'nobody-0'], code: 1, says: /There is no run nobody-0\.\n {2}→ .*sweep show/ },
    { args: ['run', 'pause', 'nobody-0'], code: 1, says: /There is no run nobody-0\.\n {2}→ .*sweep show/ },
    {
      args: ['run', 'reproduce', 'nobody-0'],
      code: 1,
      says: /There is no run nobody-0\.\n {2}→ .*sweep show/,
    },
    { args: ['sweep', 'show', 'nobody'], code: 1, says: /There is no sweep nobody\.\n {2}→ .*sweep list/ },
    {
      args: ['data', 'show', 'nothing'],
      code: 1,
      says: /There is no dataset "nothing"\.\n {2}→ Known datasets: .*scenes/,
    },
  ])('answers chromatune $args', async ({ args, code, says }) => {
    const result = await platform().cli(...args);

    expect(result.stderr).toMatch(says);
    expect(result).toMatchObject({ code, stdout: '' });
  });

  it('says where it looked for an API that is not there, and how to start one', async () => {
    const { code, stderr } = await runCli('http://127.0.0.1:1', ['sweep', 'list']);

    expect(stderr).toMatch(/does not answer at http:\/\/127\.0\.0\.1:1 .*\n {2}→ Start it with npm start/);
    expect(code).toBe(1);
  });
});

describe('npm start', () => {
  it.each([
    {
      mistake: 'below /proc',
      at: () => '/proc/nothing/data',
      says: /The folder \/proc\/nothing\/data cannot be used/,
    },
    { mistake: 'that is a file', at: () => aFile(), says: /a-file cannot be used: it is a file/ },
    {
      mistake: 'below a file',
      at: () => path.join(aFile(), 'data'),
      says: /a-file\/data cannot be used: ENOTDIR/,
    },
  ])('refuses a data folder $mistake', async ({ at, says }) => {
    const { code, output } = await startLauncher(['--data-dir', at(), '--no-sweep']).ended;

    expect(output).toMatch(says);
    expect(output).toMatch(/→ Choose another folder with --data-dir/);
    expect(code).toBe(1);
  });

  it('refuses a data folder that another one uses, which goes on', async () => {
    const before = platform().pids();

    const { code, output } = await startLauncher(['--data-dir', platform().folder, '--no-sweep']).ended;

    expect(output).toMatch(
      /already runs on .* \(process \d+\)\.\n {2}→ Open its dashboard, stop it with Ctrl-C/,
    );
    expect(code).toBe(1);
    expect(platform().pids()).toEqual(before);
    expect(await datasetNames()).toContain('scenes');
  });

  it.each([
    { args: ['--port', 'many'], says: /--port many is not a port/ },
    { args: ['--prot', '1'], says: /Unknown option '--prot'/ },
    { args: ['--photos', '/nowhere/at/all'], says: /There is no folder \/nowhere\/at\/all/ },
  ])('refuses $args before it starts anything', async ({ args, says }) => {
    const data = path.join(folder(), 'never');

    const { code, output } = await startLauncher(['--data-dir', data, ...args]).ended;

    expect(output).toMatch(says);
    expect(output).toMatch(/→ .*npm start -- /);
    expect(code).toBe(1);
    expect(existsSync(data)).toBe(false);
  });

  it('takes the next free port and says so', { timeout: 120_000 }, async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as net.AddressInfo;
    try {
      const launcher = startLauncher([
        ...['--data-dir', path.join(folder(), 'next-port'), '--no-sweep', '--port', String(port)],
      ]);
      await until('its address', async () => launcher.output().includes('Chromatune is at'), 60_000);

      expect(launcher.output()).toMatch(new RegExp(`Port ${port} is taken; using ${port + 1}`));
      expect((await fetch(`http://127.0.0.1:${port + 1}/api/health`)).ok).toBe(true);
      launcher.interrupt();
      expect((await launcher.ended).code).toBe(0);
    } finally {
      server.close();
    }
  });

  it.each([
    { name: 'CHROMATUNE_ENGINE', value: 'quantum', says: /CHROMATUNE_ENGINE="quantum": .*"native"/ },
    { name: 'LEASE_SECONDS', value: 'soon', says: /LEASE_SECONDS="soon": / },
    { name: 'DATABASE_URL', value: 'nonsense', says: /DATABASE_URL="nonsense": must be like postgres:/ },
  ])('ends when $name is wrong', { timeout: 120_000 }, async ({ name, value, says }) => {
    const launcher = startLauncher(['--data-dir', path.join(folder(), `wrong-${name}`), '--no-sweep'], {
      [name]: value,
    });

    const { code, output } = await launcher.ended;

    expect(output).toMatch(says);
    expect(output).toMatch(/→ Correct these environment variables, then npm start again/);
    expect(code).toBe(1);
    expect(output).not.toContain('starting it again');
  });

  const aFile = () => {
    const file = path.join(folder(), 'a-file');
    writeFileSync(file, 'kept');
    return file;
  };
});

describe('an API or a trainer alone', () => {
  let databaseUrl: string;
  let environment: Record<string, string>;
  let release: () => Promise<unknown>;
  const started: ServiceProgram[] = [];

  beforeAll(async () => {
    const [database, redis] = await Promise.all([cloneDatabase(), startRedis()]);
    databaseUrl = database.url;
    environment = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      OBJECT_STORE_URL: `file://${path.join(folder(), 'objects-alone')}`,
    };
    release = () => Promise.all([database.drop(), redis.stop()]);
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((program) => program.stop()));
  });
  afterAll(() => release());

  it.each([
    {
      mistake: 'cannot be parsed',
      url: () => 'mysql://me:secret@127.0.0.1/x',
      says: /DATABASE_URL="mysql:\/\/…@127\.0\.0\.1\/x": must be like postgres:\/\/user:password@host:5432\/name/,
    },
    {
      mistake: 'has a wrong password',
      url: () => changed(databaseUrl, (url) => (url.password = 'secret')),
      says: /refused the user "\w+" or the password\.\nCorrect the user and password in DATABASE_URL/,
    },
    {
      mistake: 'names a port where nobody listens',
      url: () => changed(databaseUrl, (url) => (url.port = '1')),
      says: /Nothing listens at 127\.0\.0\.1:1: PostgreSQL is not running there\.\nStart it, or correct/,
    },
    {
      mistake: 'names no database',
      url: () => changed(databaseUrl, (url) => (url.pathname = '/nowhere')),
      says: /There is no database "nowhere"[^]*createdb nowhere/,
    },
  ])('says that DATABASE_URL $mistake, without the password', { timeout: 60_000 }, async ({ url, says }) => {
    const { code, output } = await startApiProgram({ ...environment, DATABASE_URL: url() }).ended;

    expect(output).toMatch(says);
    expect(output).not.toContain('secret');
    expect(code).toBeGreaterThan(0);
  });

  it.each([
    { at: '/proc/nothing', says: /folder \/proc\/nothing.*/ },
    { at: '/dev/null', says: /folder \/dev\/null .*ENOTDIR.*\nCheck the folder/ },
  ])('says that objects cannot be kept at $at', { timeout: 60_000 }, async ({ at, says }) => {
    const { code, output } = await startApiProgram({ ...environment, OBJECT_STORE_URL: `file://${at}` })
      .ended;

    expect(output).toMatch(says);
    expect(code).toBe(1);
  });

  it('does not start on a taken port', { timeout: 60_000 }, async () => {
    const { port } = new URL(platform().apiUrl);

    const { code, output } = await startApiProgram({ ...environment, PORT: port }).ended;

    expect(output).toContain(`Port ${port} on 127.0.0.1 is in use by another program.`);
    expect(output).toMatch(/set PORT to another one/);
    expect(code).toBe(1);
  });

  it('names a wrong CHROMATUNE_ENGINE and what is possible', { timeout: 60_000 }, async () => {
    const { code, output } = await startTrainerProgram({
      ...environment,
      TRAINER_FOLDER: path.join(folder(), 'trainer-alone'),
      CHROMATUNE_ENGINE: 'quantum',
    }).ended;

    expect(output).toMatch(/CHROMATUNE_ENGINE="quantum": .*"auto"\|"cuda"\|"native"\|"portable"/);
    expect(code).toBe(78);
  });

  describe('on a full disk', () => {
    const mounts: string[] = [];
    afterEach(() => {
      for (const at of mounts.splice(0)) execFileSync('umount', ['--lazy', at]);
    });
    const diskOf = (size: string) => {
      const at = mkdtempSync(path.join(folder(), 'disk-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', at]);
      mounts.push(at);
      return at;
    };

    it.skipIf(!canMount)(
      'refuses an import, keeps nothing half, and takes it when there is space (skipped where tmpfs cannot be mounted)',
      { timeout: 120_000 },
      async () => {
        const disk = diskOf('1m');
        const api = startApiProgram({ ...environment, OBJECT_STORE_URL: `file://${disk}/objects` });
        started.push(api);
        const url = await api.listening();
        const importing = () =>
          runCli(url, [
            ...['data', 'import', 'synthetic', '--name', 'large', '--size', '32', '--images', '120'],
          ]);

        const refused = await importing();

        expect(refused.stderr).toMatch(
          /There is no space left in folder .*objects\.\n {2}→ Free some space on that disk/,
        );
        expect(refused.code).toBe(1);
        expect(await (await fetch(`${url}/api/datasets`)).json()).toEqual([]);
        execFileSync('mount', ['-o', 'remount,size=64m', disk]);
        expect(await importing()).toMatchObject({ code: 0 });
        expect(readdirSync(path.join(disk, 'objects/.incoming'))).toEqual([]);
      },
    );

    it.skipIf(!canMount)(
      'stops npm start, which says to free space and leaves no process (skipped where tmpfs cannot be mounted)',
      { timeout: 120_000 },
      async () => {
        const disk = diskOf('8m');

        const { code, output } = await startLauncher(['--data-dir', path.join(disk, 'data'), '--no-sweep'])
          .ended;

        expect(output).toMatch(/No space left on device[^]*→ Free some disk space and start again/);
        expect(code).toBe(1);
        expect(processesUsing(disk)).toEqual([]);
      },
    );
  });
});

it('has changed nothing in the platform that met all this', async () => {
  expect(await platform().get('sweeps', z.array(sweep))).toEqual([]);
  expect(await platform().get('runs', z.array(run))).toEqual([]);
  expect((await datasetNames()).sort()).toEqual(['holiday', 'scenes']);
});

/** One platform for all tests of this file. */
function usePlatform(): { platform: () => Platform; folder: () => string } {
  let shared: Platform;
  const home = temporaryFolder('bad-input');
  beforeAll(async () => {
    shared = await startPlatform({ folder: path.join(home, 'data'), arguments: ['--no-sweep'] });
    const imported = await shared.cli(
      ...['data', 'import', 'synthetic', '--name', 'scenes', '--size', '32', '--images', '40'],
    );
    if (imported.code !== 0) throw new Error(imported.stderr);
  }, 300_000);
  afterAll(async () => {
    expect(await shared.stop()).toBe(0);
  }, 60_000);
  return { platform: () => shared, folder: () => home };
}

async function datasetNames(): Promise<string[]> {
  const datasets = await platform().get('datasets', z.array(z.object({ name: z.string() })));
  return datasets.map(({ name }) => name);
}

function changed(url: string, change: (url: URL) => void): string {
  const copy = new URL(url);
  change(copy);
  return copy.href;
}

/** An npy file of version 1 with `bytes` bytes of data, as many as its shape says or not. */
function npy(shape: number[], bytes: number, type = '|u1'): Buffer {
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const header = text.padEnd(117) + '\n'; // 10 + 118 bytes: a multiple of 64
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([118, 0]),
    Buffer.from(header),
    Buffer.alloc(bytes, 128),
  ]);
}

/** A colourful PNG of 64 × 64 pixels; another number gives another picture. */
function picture(index: number): Buffer {
  const side = 64;
  const rows = Buffer.alloc(side * (1 + side * 3));
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const at = y * (1 + side * 3) + 1 + x * 3;
      const wave = Math.sin((x * (index + 1) + y * (7 - index)) / 9);
      rows.set([128 + 100 * wave, (x * 4) % 256, (y * 3 + index * 40) % 256], at);
    }
  const size = Buffer.alloc(8);
  size.writeUInt32BE(side, 0);
  size.writeUInt32BE(side, 4);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', Buffer.concat([size, Buffer.from([8, 2, 0, 0, 0])])),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

function crc32(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** Whether this user and this kernel let us make a small disk. */
function mounts(): boolean {
  const at = temporaryFolder('mount-probe');
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at]).status === 0;
  if (mounted) execFileSync('umount', [at]);
  return mounted;
}

/** Processes whose command, folder or open files are below a folder, from /proc. */
function processesUsing(place: string): number[] {
  const links = (pid: string) => {
    const files = attempt(() => readdirSync(`/proc/${pid}/fd`), []).map((fd) => `fd/${fd}`);
    return ['cwd', ...files].map((link) => attempt(() => readlinkSync(`/proc/${pid}/${link}`), ''));
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => links(pid).some((target) => target.startsWith(`${place}/`)))
    .map(Number);
}

function attempt<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch {
    return otherwise; // it ended meanwhile
  }
}
