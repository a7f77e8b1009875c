import { createHash } from 'node:crypto';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DomainError } from '@chromatune/contracts';

/** Libraries whose every source makes numbers, and the parts of the trainer that do. */
const libraries = ['@chromatune/data', '@chromatune/models', '@chromatune/random'];
const ownParts = ['training', 'engine', 'engine.ts'];

let computed: Promise<string> | undefined;

/**
 * Digest of the sources that make the numbers of a run, the same on every machine that has the same sources. Tests and
 * what only they use are left out, and line ends do not count.
 * @throws DomainError when the sources do not lie beside the compiled files
 */
export const codeVersion = (): Promise<string> => (computed ??= computeCodeVersion());

async function computeCodeVersion(): Promise<string> {
  const own = await sourceFolder(fileURLToPath(import.meta.url));
  const parts = [
    ...ownParts.map((part) => ({ label: 'trainer', folder: own, path: join(own, part) })),
    ...(await Promise.all(
      libraries.map(async (name) => {
        const folder = await sourceFolder(fileURLToPath(import.meta.resolve(name)));
        return { label: name, folder, path: folder };
      }),
    )),
  ];
  return digestOfSources(parts);
}

/** Sources under `path`, named in the digest by `label` and where they lie in `folder`. */
export interface Sources {
  label: string;
  folder: string;
  path: string;
}

/** The first 16 hexadecimal digits of the SHA-256 of the names and texts of sources. */
export async function digestOfSources(parts: Sources[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { label, folder, path } of parts) {
    for (const file of await sourcesUnder(path)) {
      const text = (await readFile(file, 'utf8')).replaceAll('\r\n', '\n');
      hash.update(`${label}/${relative(folder, file).split(sep).join('/')}\n${text}\n`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** A module runs from `<package>/src` or `<package>/dist`; its sources are in the first. */
async function sourceFolder(modulePath: string): Promise<string> {
  const folder = join(dirname(dirname(await realpath(modulePath))), 'src');
  await readdir(folder).catch(() => {
    throw new DomainError('sources_missing', 500, `The sources of this program are not in ${folder}.`, {
      remedy:
        'Install the whole repository: runs are recorded with the digest of the code that trained them.',
    });
  });
  return folder;
}

async function sourcesUnder(path: string): Promise<string[]> {
  if (path.endsWith('.ts')) return [path];
  const found = await readdir(path, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && makesNumbers(relative(path, entry.parentPath), entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((a, b) => (a < b ? -1 : 1));
}

const makesNumbers = (folder: string, name: string) =>
  /(?<!\.spec|\.contract|\.fixture|\.d)\.ts$/.test(name) && !folder.split(sep).includes('testing');
