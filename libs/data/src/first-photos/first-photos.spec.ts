import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import sharp from 'sharp';
import { stream } from '@chromatune/random';
import { copyrightOf, parseDebianCopyright } from './debian-copyright.js';
import { fetchFirstPhotos } from './fetch-first-photos.js';
import { firstPhotos, readFirstPhotos } from './first-photos.js';
import { readQtResources } from './qt-resources.js';

const path = process.env.PATH;
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'chromatune-first-photos-'));
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(root, { recursive: true });
});

describe('Qt resources', () => {
  const files = {
    'a/b/fish1.webp': Buffer.from('raw'),
    'a/b/ünï.txt': Buffer.from('text '.repeat(50)),
    'a/c.qml': Buffer.from(''),
  };

  it.each([
    [1, false],
    [2, true],
    [3, true],
  ])('of version %i are read, compressed or not', async (version, compress) => {
    await writeFile(join(root, 'x.rcc'), rccOf(files, version, compress));

    const found = await readQtResources(join(root, 'x.rcc'));

    expect(Object.fromEntries(found.map(({ path: name, bytes }) => [name, Buffer.from(bytes)]))).toEqual(
      files,
    );
  });

  it.each<[string, (rcc: Buffer) => Buffer, RegExp]>([
    ['another magic', (rcc) => (rcc.write('nope'), rcc), /does not begin as Qt resources do/],
    ['another version', (rcc) => (rcc.writeUInt32BE(9, 4), rcc), /version is 9/],
    ['a cut', (rcc) => rcc.subarray(0, 60), /x\.rcc cannot be read/],
    ['zstd', (rcc) => (rcc.writeUInt16BE(4, rcc.readUInt32BE(8) + 4 * 22 + 4), rcc), /zstd/],
    ['a circle', (rcc) => (rcc.writeUInt32BE(0, rcc.readUInt32BE(8) + 10), rcc), /in circles|cannot be read/],
  ])('with %s are refused', async (_name, damage, message) => {
    await writeFile(join(root, 'x.rcc'), damage(rccOf(files, 3, true)));

    await expect(readQtResources(join(root, 'x.rcc'))).rejects.toMatchObject({
      code: 'unreadable_qt_resources',
      message: expect.stringMatching(message),
    });
  });
});

describe('a Debian copyright file', () => {
  const paragraphs = parseDebianCopyright(copyright);

  it.each([
    ['src/fishes/fish1.webp', 'CC-BY-2.0', ['Elma']],
    ['gcompris/src/fishes/fish1.webp', 'CC-BY-2.0', ['Elma']],
    ['src/animals/dog.webp', 'CC-BY-SA-3.0', ['Ann Other', 'Ben']],
    ['backgrounds/Aqua.jpg', 'GPL-2+', ['Charles Barbin']],
    ['src/unknown.webp', 'GPL-3+', ['The Project']],
  ])('says of %s: %s', (file, licence, authors) => {
    expect(copyrightOf(file, paragraphs)).toMatchObject({ licence, authors });
  });

  it('takes the last paragraph that matches', () => {
    expect(copyrightOf('src/animals/special.webp', paragraphs)?.licence).toBe('CC0-1.0');
  });

  it('that is empty says nothing', () => {
    expect(copyrightOf('x.jpg', parseDebianCopyright(''))).toBeNull();
  });
});

describe('the first photographs', () => {
  it('are taken out of unpacked packages, with their credits, without what is no photograph', async () => {
    await writePackages(join(root, 'packages'), 3);
    const folder = join(root, 'photos');

    const result = await firstPhotos({ packages: join(root, 'packages'), folder });

    expect(result.credits).toEqual([
      { file: 'categorization/fishes/fish1.webp', licence: 'CC-BY-2.0', author: 'Elma' },
      { file: 'categorization/fishes/fish2.webp', licence: 'CC0-1.0', author: 'Reed Me' },
      ...[0, 1, 2].map((index) => ({
        file: `mate-backgrounds/nature${index}.jpg`,
        licence: 'GPL-2+',
        author: 'Charles Barbin',
      })),
    ]);
    expect(result.leftOut).toEqual([
      { file: 'categorization/fishes/cutout.webp', reason: expect.stringMatching(/\d+ % is nearly white/) },
      { file: 'categorization/fishes/grey.webp', reason: expect.stringMatching(/grey/) },
      { file: 'categorization/fishes/small.webp', reason: 'too small: 119 x 300 pixels' },
    ]);
    expect((await readdir(join(folder, 'categorization/fishes'))).sort()).toEqual([
      'fish1.webp',
      'fish2.webp',
    ]);
    expect(await readFirstPhotos(folder)).toEqual(result);
  });

  it('are fetched through apt, and only once', async () => {
    await writePackages(join(root, 'fixture'), 32);
    await fakeTools({ 'mate-backgrounds': 500, 'gcompris-qt-data': 700 });
    const folder = join(root, 'deep/photos');
    const seen = new Set<string>();

    const first = await fetchFirstPhotos({ folder, onProgress: (_done, _total, what) => seen.add(what) });
    process.env.PATH = '/nowhere';
    const again = await fetchFirstPhotos({ folder });

    expect(first.photographs).toBe(34);
    expect(again).toEqual(first);
    expect([...seen]).toEqual(['downloading photographs', 'unpacking photographs', 'choosing photographs']);
    expect(await readdir(join(root, 'deep'))).toEqual(['photos']);
    expect(JSON.parse(await readFile(join(folder, 'credits.json'), 'utf8')).credits).toHaveLength(34);
  });

  it('that cannot be fetched are explained, with what can be done instead', async () => {
    const folder = join(root, 'photos');
    const alternatives = {
      remedy: expect.stringMatching(/--photos DIR.*"synthetic scenes"/),
      code: 'no_photographs',
    };

    process.env.PATH = '/nowhere';
    await expect(fetchFirstPhotos({ folder })).rejects.toMatchObject({
      ...alternatives,
      message: expect.stringContaining('apt-get is not on this machine'),
    });

    await fakeTools({});
    await expect(fetchFirstPhotos({ folder })).rejects.toMatchObject({
      ...alternatives,
      message: expect.stringMatching(/apt knows none of the packages/),
    });

    await fakeTools(
      { 'mate-backgrounds': 500 },
      'E: Failed to fetch http://deb.debian.org Temporary failure resolving',
    );
    await expect(fetchFirstPhotos({ folder })).rejects.toMatchObject({
      ...alternatives,
      message: expect.stringContaining('Temporary failure resolving'),
    });
    expect(await readdir(root)).toEqual(['bin']);
  });
});

const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2010-2018 The Project <team@example.org>
License: GPL-3+

Files: src/fishes/fish1.jpg
Copyright: Elma
License: CC-BY-2.0
Comment: https://commons.wikimedia.org/wiki/File:Gullfiskur.jpg

Files: src/animals/*
       src/plants/*
Copyright: 2012, Ann Other <ann@example.org>
           2013 Ben
License: CC-BY-SA-3.0
 Some words about the licence
 .
 Files: this is not a field

Files: src/animals/special.png
Copyright: none
License: CC0-1.0

Files: nature/Aqua.jpg nature/nature*.jpg
Copyright: 2008, Charles Barbin <barbinch@free.fr>´
License: GPL-2+

License: GPL-2+
 Long text.
`;

async function writePackages(packages: string, backgrounds: number) {
  const write = async (name: string, content: string | Buffer) => {
    await mkdir(dirname(join(packages, name)), { recursive: true });
    await writeFile(join(packages, name), content);
  };
  const inside = 'gcompris/src/activities/categorization/resource/images/fishes';
  const white = await sharp({ create: { width: 200, height: 200, channels: 3, background: 'white' } })
    .composite([{ input: await photo(5).resize(120, 120).png().toBuffer() }])
    .webp()
    .toBuffer();
  const resources = {
    [`${inside}/fish1.webp`]: await photo(1).webp().toBuffer(),
    [`${inside}/fish2.webp`]: await photo(2).webp().toBuffer(),
    [`${inside}/small.webp`]: await photo(3).resize(119, 300, { fit: 'fill' }).webp().toBuffer(),
    [`${inside}/grey.webp`]: await photo(4).greyscale().webp().toBuffer(),
    [`${inside}/cutout.webp`]: white,
    [`${inside}/README`]: Buffer.from(
      'Copyright: Reed Me\nLicense: CC0-1.0\nSource: https://x.org\nFiles:\nfish2.webp\n',
    ),
    'gcompris/src/activities/categorization/categorization.svg': Buffer.from('<svg/>'),
  };
  await write('gcompris-qt-data/usr/share/gcompris-qt/rcc/categorization.rcc', rccOf(resources, 3, false));
  await write('gcompris-qt-data/usr/share/doc/gcompris-qt-data/copyright', copyright);
  const wallpapers = 'mate-backgrounds/usr/share/backgrounds/mate';
  for (let index = 0; index < backgrounds; index++) {
    await write(
      `${wallpapers}/nature/nature${index}.jpg`,
      await photo(10 + index)
        .jpeg()
        .toBuffer(),
    );
  }
  await write(`${wallpapers}/abstract/lines.jpg`, await photo(9).jpeg().toBuffer());
  await write('mate-backgrounds/usr/share/doc/mate-backgrounds/copyright', copyright);
}

/** An apt-get that knows these packages (name to bytes) and a dpkg-deb that "unpacks" the fixture. */
async function fakeTools(known: Record<string, number>, failure = '') {
  const bin = join(root, 'bin');
  await mkdir(bin, { recursive: true });
  const cases = Object.entries(known).map(
    ([name, bytes]) => `${name}) echo "'http://x/${name}.deb' ${name}_1_all.deb ${bytes} SHA256:00" ;;`,
  );
  const script = {
    'apt-get': `case "$*" in
      *--print-uris*) for name in "$@"; do :; done
        case "$name" in ${cases.join('\n')} *) exit 100 ;; esac ;;
      update*) exit 0 ;;
      *) ${failure ? `echo "${failure}" >&2; exit 100` : 'for name in "$@"; do :; done; echo deb > "$name"_1_all.deb'} ;;
    esac`,
    'dpkg-deb': `name=$(basename "$2" _1_all.deb); cp -r "${root}/fixture/$name" "$3"`,
  };
  for (const [name, body] of Object.entries(script)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(bin, name), 0o755);
  }
  process.env.PATH = `${bin}:/usr/bin:/bin`;
}

function photo(seed: number) {
  const random = stream(seed, 'first photos spec');
  const colors = Uint8Array.from({ length: 4 * 3 * 3 }, () => random.integer(230));
  return sharp(colors, { raw: { width: 4, height: 3, channels: 3 } }).resize(200, 150, { kernel: 'cubic' });
}

/** A Qt resource file as `rcc` would write it. */
function rccOf(files: Record<string, Buffer>, version: number, compress: boolean): Buffer {
  interface Node {
    name: string;
    content: Buffer | null;
    children: Node[];
  }
  const top: Node = { name: '', content: null, children: [] };
  for (const [name, content] of Object.entries(files)) {
    let node = top;
    for (const part of name.split('/')) {
      let child = node.children.find((other) => other.name === part);
      if (!child) node.children.push((child = { name: part, content: null, children: [] }));
      node = child;
    }
    node.content = content;
  }
  const order: Node[] = [top];
  for (let index = 0; index < order.length; index++) order.push(...order[index]!.children);

  const tree: Buffer[] = [];
  const names: Buffer[] = [];
  const data: Buffer[] = [];
  const length = (parts: Buffer[]) => parts.reduce((sum, part) => sum + part.length, 0);
  for (const node of order) {
    const entry = Buffer.alloc(version === 1 ? 14 : 22);
    entry.writeUInt32BE(length(names), 0);
    const name = Buffer.alloc(6 + node.name.length * 2);
    name.writeUInt16BE(node.name.length, 0);
    name.write(node.name, 6, 'utf16le');
    name.subarray(6).swap16();
    names.push(name);
    if (node.content === null) {
      entry.writeUInt16BE(2, 4);
      entry.writeUInt32BE(node.children.length, 6);
      entry.writeUInt32BE(node.children.length ? order.indexOf(node.children[0]!) : 0, 10);
    } else {
      const packed = compress && node.content.length > 20;
      entry.writeUInt16BE(packed ? 1 : 0, 4);
      entry.writeUInt32BE(length(data), 10);
      const size = Buffer.alloc(4);
      size.writeUInt32BE(node.content.length);
      const content = packed ? Buffer.concat([size, deflateSync(node.content)]) : node.content;
      const prefix = Buffer.alloc(4);
      prefix.writeUInt32BE(content.length);
      data.push(prefix, content);
    }
    tree.push(entry);
  }
  const header = Buffer.alloc(version >= 3 ? 24 : 20);
  header.write('qres');
  header.writeUInt32BE(version, 4);
  header.writeUInt32BE(header.length, 8);
  header.writeUInt32BE(header.length + length(tree), 12);
  header.writeUInt32BE(header.length + length(tree) + length(data), 16);
  return Buffer.concat([header, ...tree, ...data, ...names]);
}
