import { rmSync } from 'node:fs';
import { link, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { colorizeQuery, maxPhotoBytes } from '@chromatune/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeAnswer, FakeApi, type FakeRequest, problemAnswer } from '../fake-api.fixture.js';
import { runCommand } from '../run-command.fixture.js';

let folder: string;
let api: FakeApi | undefined;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cli-colorize-'));
});
afterEach(async () => {
  await api?.stop();
  await rm(folder, { recursive: true });
});
const at = (...names: string[]) => path.join(folder, ...names);
/** Coloured, where the query is one that the API takes. */
const painted = ({ path: asked, body }: FakeRequest): FakeAnswer => {
  const query = Object.fromEntries(new URL(asked, 'http://api').searchParams);
  return colorizeQuery.safeParse(query).success
    ? { bytes: Buffer.from(`coloured ${body.toString()}`) }
    : problemAnswer(400, 'The request is not valid.', { code: 'invalid_request' });
};

describe('chromatune colorize', () => {
  it('sends a photograph with what was asked, and writes what comes back beside nothing else', async () => {
    await writeFile(at('old.JPG'), 'a photo');

    const { code, stdout } = await run(
      [
        'colorize',
        at('old.JPG'),
        '--run',
        's1-0',
        '--epoch',
        '12',
        '--temperature',
        '0.3',
        '--out',
        at('new'),
      ],
      painted,
    );

    expect(code).toBe(0);
    expect(api!.asked()).toEqual(['POST /api/runs/s1-0/colorize?epoch=12&temperature=0.3&format=jpeg']);
    expect(stdout).toBe(`Coloured 1 photograph: ${at('new', 'old.JPG')}\n`);
    expect(await readdir(at('new'))).toEqual(['old.JPG']);
    expect(await readFile(at('new', 'old.JPG'), 'utf8')).toBe('coloured a photo');
    expect(await readFile(at('old.JPG'), 'utf8')).toBe('a photo');
  });

  it.each([
    ['--json', () => ['--json']],
    ['--api', () => ['--api', api!.url]],
    ['--data-dir', () => ['--data-dir', folder]],
  ])('asks the API for nothing more with %s', async (_name, more) => {
    const source = await file('a.png');

    const { code } = await run(
      ['colorize', source, '--run', 's1-0', '--epoch', '3', '--out', at('out')],
      painted,
      more,
    );

    expect(code).toBe(0);
    expect(api!.asked()).toEqual(['POST /api/runs/s1-0/colorize?epoch=3&format=png']);
  });

  it('colours folders, each picture at its place, none over another', async () => {
    await mkdir(at('album', 'deep'), { recursive: true });
    for (const name of ['album/a.png', 'album/a.webp', 'album/deep/b.tif', 'album/notes.txt', 'a.png'])
      await writeFile(at(name), name);

    const { stdout } = await run(
      ['colorize', at('album'), at('a.png'), '--run', 's1-0', '--out', at('out'), '--json'],
      painted,
    );

    const { colored, failed } = JSON.parse(stdout) as { colored: { target: string }[]; failed: unknown[] };
    expect(failed).toEqual([]);
    expect(colored.map(({ target }) => path.relative(at('out'), target))).toEqual([
      'a.png',
      'a-2.png',
      path.join('deep', 'b.png'),
      'a-3.png',
    ]);
    expect(await readFile(at('out', 'a-3.png'), 'utf8')).toBe('coloured a.png');
  });

  it('colours a folder again with --out in it, and none of what it made before', async () => {
    await mkdir(at('album', 'deep'), { recursive: true });
    for (const name of ['a.jpg', 'deep/b.png']) await writeFile(at('album', name), name);
    const command = ['colorize', at('album'), '--run', 's1-0', '--out', at('album', 'new')];
    await run(command, painted);
    await writeFile(at('album', 'new', 'old.gif'), 'skipped in another folder');

    const { code, stdout } = await run(command, painted);

    expect(code).toBe(0);
    expect(stdout).toBe(`Coloured 2 photographs: ${at('album', 'new')}\n`);
    expect(api!.requests.map(({ body }) => body.toString())).toEqual(['a.jpg', 'deep/b.png']);
    expect((await readdir(at('album', 'new'), { recursive: true })).sort()).toEqual([
      'a.jpg',
      'deep',
      path.join('deep', 'b.png'),
      'old.gif',
    ]);
  });

  it('colours a folder of earlier pictures when it is the one that is given', async () => {
    await mkdir(at('out', 'album'), { recursive: true });
    await writeFile(at('out', 'album', 'a.webp'), 'a picture');

    const { stdout } = await run(
      ['colorize', at('out', 'album'), '--run', 's1-0', '--out', at('out')],
      painted,
    );

    expect(stdout).toBe(`Coloured 1 photograph: ${at('out', 'a.png')}\n`);
  });

  it('says which pictures of a folder are not read', async () => {
    await mkdir(at('album'));
    for (const name of ['a.png', 'b.gif']) await writeFile(at('album', name), name);

    const { code, stdout } = await run(
      ['colorize', at('album'), '--run', 's1-0', '--out', at('out')],
      painted,
    );

    expect(code).toBe(0);
    expect(stdout).toBe(
      `Coloured 1 photograph: ${at('out', 'a.png')}\n` +
        `1 file skipped:\n  ${at('album', 'b.gif')}: GIF is not read; JPEG, PNG, WebP, TIFF and AVIF are\n`,
    );
  });

  it('goes on after a photograph that cannot be read, and fails in the end', async () => {
    for (const name of ['1.png', '2.png', '3.png']) await writeFile(at(name), name);

    const { code, stdout } = await run(
      ['colorize', at('1.png'), at('2.png'), at('3.png'), '--run', 's1-0', '--out', at('out')],
      (request) =>
        request.body.toString() === '2.png'
          ? problemAnswer(422, 'The photograph cannot be read.', { code: 'unreadable_photo' })
          : painted(request),
    );

    expect(code).toBe(1);
    expect(stdout).toContain(`Coloured 2 photographs: ${at('out')}`);
    expect(stdout).toContain(
      `1 photograph could not be coloured:\n  ${at('2.png')}: The photograph cannot be read.`,
    );
    expect((await readdir(at('out'))).sort()).toEqual(['1.png', '3.png']);
  });

  it('goes on after a photograph that is empty or gone', async () => {
    for (const name of ['1.png', '2.png', '3.png']) await writeFile(at(name), name);
    await truncate(at('2.png'), 0);

    const { code, stdout } = await run(
      ['colorize', at('1.png'), at('2.png'), at('3.png'), '--run', 's1-0', '--out', at('out')],
      (request) => {
        rmSync(at('3.png'));
        return painted(request);
      },
    );

    expect(code).toBe(1);
    expect(stdout).toBe(
      `Coloured 1 photograph: ${at('out', '1.png')}\n` +
        '2 photographs could not be coloured:\n' +
        `  ${at('2.png')} cannot be read: it is empty.\n` +
        `  ${at('3.png')} cannot be read: there is no such file.\n`,
    );
    expect(api!.requests).toHaveLength(1);
  });

  it('says where a picture cannot be written', async () => {
    await mkdir(at('out', 'a.png'), { recursive: true });

    const { code, stderr } = await run(
      ['colorize', await file('a.png'), '--run', 's1-0', '--out', at('out')],
      painted,
    );

    expect(code).toBe(1);
    expect(stderr).toContain(
      `✖ ${at('out', 'a.png')} cannot be written: it is a folder.\n  → Name another folder with --out.`,
    );
    expect(await readdir(at('out'))).toEqual(['a.png']);
  });

  it('stops at once when it is not the photograph', async () => {
    for (const name of ['1.png', '2.png']) await writeFile(at(name), name);

    const { code, stderr } = await run(
      ['colorize', at('1.png'), at('2.png'), '--run', 's1-0', '--out', at('out')],
      () =>
        problemAnswer(503, 'No trainer is online.', { code: 'no_trainer_answered', remedy: 'Start one.' }),
    );

    expect(code).toBe(1);
    expect(stderr).toContain('✖ No trainer is online.\n  → Start one.');
    expect(api!.requests).toHaveLength(1);
  });

  it('tries again when a connection breaks or too many photographs are underway', async () => {
    const breaks: (FakeAnswer | null)[] = [
      { bytes: Buffer.from('half'), headers: { 'content-length': '100', connection: 'close' } },
      problemAnswer(429, '16 photographs are being coloured already.', { code: 'too_many_photos' }),
    ];

    const { code } = await run(
      ['colorize', await file('a.png'), '--run', 's1-0', '--out', at('out')],
      (request) => (breaks.length > 0 ? breaks.shift()! : painted(request)),
    );

    expect(code).toBe(0);
    expect(api!.requests).toHaveLength(3);
  }, 10_000); // the pauses between

  it('tells what was coloured before the work had to end', async () => {
    for (const name of ['1.png', '2.png', '3.png', '4.png']) await writeFile(at(name), name);
    const photos = ['1.png', '2.png', '3.png', '4.png'].map((name) => at(name));
    const refuse = ({ body }: FakeRequest) => body.toString() === '3.png';

    const { code, stdout, stderr } = await run(
      ['colorize', ...photos, '--run', 's1-0', '--out', at('out')],
      (request) => (refuse(request) ? problemAnswer(404, 'Run s1-0 keeps no checkpoint.') : painted(request)),
    );

    expect(code).toBe(1);
    expect(stdout).toBe(`Coloured 2 photographs: ${at('out')}\n2 photographs left.\n`);
    expect(stderr).toContain('✖ Run s1-0 keeps no checkpoint.');
  });

  it('is stopped by Ctrl-C, and tells what was coloured', async () => {
    const photos = await Promise.all(['1.png', '2.png', '3.png'].map(file));

    const { code, stdout, stderr } = await run(
      ['colorize', ...photos, '--run', 's1-0', '--out', at('out')],
      (request) => {
        if (api!.requests.length === 2) process.emit('SIGINT');
        return painted(request);
      },
    );

    expect(code).toBe(130);
    expect(stdout).toBe(`Coloured 1 photograph: ${at('out', '1.png')}\n2 photographs left.\n`);
    expect(stderr).toMatch(/Stopped\. What is coloured stays; the same command begins anew\.\n$/);
    expect(await readdir(at('out'))).toEqual(['1.png']);
    expect(process.listenerCount('SIGINT')).toBe(0);
  });

  it.each<[string, () => Promise<string[]>, string]>([
    [
      'would write over a photograph',
      async () => [await file('a.png'), '--out', folder],
      'a.png is one of the photographs, and would be lost.',
    ],
    [
      'would write over a photograph by another name of it',
      async () => {
        await mkdir(at('out'));
        await link(await file('a.png'), at('out', 'a.png'));
        return [at('a.png'), '--out', at('out')];
      },
      'is one of the photographs, and would be lost.',
    ],
    [
      'is given a huge file',
      async () => {
        await truncate(await file('huge.png'), maxPhotoBytes + 1);
        return [at('huge.png'), '--out', at('out')];
      },
      'huge.png has 64.0 MiB; 64.0 MiB is the most that is coloured.',
    ],
    [
      'is to write where a file lies',
      async () => [await file('a.png'), '--out', await file('out')],
      'out cannot be written: a file lies in its place.',
    ],
    [
      'is given an empty file',
      async () => {
        await truncate(await file('empty.png'), 0);
        return [at('empty.png')];
      },
      'empty.png cannot be read: it is empty.',
    ],
    [
      'is given what is not there',
      async () => [at('nowhere.png')],
      'nowhere.png cannot be read: there is no such file.',
    ],
    [
      'is given an empty folder',
      async () => {
        await mkdir(at('empty'));
        return [at('empty')];
      },
      'There are no photographs in',
    ],
  ])('sends nothing when it %s', async (_name, prepare, message) => {
    const { code, stderr } = await run(
      ['colorize', '--run', 's1-0', '--out', at('new'), ...(await prepare())],
      painted,
    );

    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(api!.requests).toEqual([]);
  });

  it.each([
    [['--epoch', 'last'], 'It must be best, or the number of an epoch.'],
    [['--epoch', '0x6'], 'It must be best, or the number of an epoch.'],
    [['--epoch', '1e3'], 'It must be best, or the number of an epoch.'],
    [['--run', ''], 'It must not be empty.'],
    [['--out', ''], 'It must not be empty.'],
    [['--temperature', '3'], 'It must be a number from 0.01 to 2.'],
  ])('refuses %j', async (options, message) => {
    const { code, stderr } = await run(['colorize', 'a.png', '--run', 's1-0', ...options], painted);

    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

async function file(name: string): Promise<string> {
  await writeFile(at(name), 'a photo');
  return at(name);
}

/** `more` are options that only a running API can tell. */
async function run(
  argv: string[],
  answer: (request: FakeRequest) => FakeAnswer | null,
  more: () => string[] = () => [],
) {
  await api?.stop();
  api = await FakeApi.start(answer);
  await writeFile(at('services.json'), JSON.stringify({ apiUrl: api.url, pids: {} }));
  return runCommand([...argv, ...more()], { apiUrl: api.url, folder });
}
