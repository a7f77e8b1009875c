import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withDiskErrors } from '../import/disk-error.js';
import { type Progress } from '../import/import-options.js';
import { type SourceCredit } from '../import/import-photos.js';
import { inParallel, inspectPhotograph } from '../import/photograph.js';
import { type CopyrightParagraph, copyrightOf, parseDebianCopyright } from './debian-copyright.js';
import { readQtResources } from './qt-resources.js';

/** Packages with real photographs under free licences, the most important first. */
export const photographPackages = [
  'gcompris-qt-data',
  'lomiri-wallpapers-16.04',
  'mate-backgrounds',
] as const;

/** Activities of GCompris whose pictures are photographs. */
const activities = ['categorization', 'explore_monuments', 'explore_world_animals', 'explore_farm_animals'];
/** Folders of backgrounds that hold drawings. */
const drawings = /\/(abstract|desktop)\//;
const leastSide = 120;
/** More white than this is a cut-out, or a drawing on paper. */
const mostWhite = 0.25;

export interface FirstPhotos {
  /** The folder that holds the photographs: what `importPhotos` reads. */
  folder: string;
  photographs: number;
  credits: SourceCredit[];
  leftOut: { file: string; reason: string }[];
}

/**
 * Takes the photographs out of unpacked Debian packages and writes them to `folder`, with `credits.json` beside them.
 * @param packages a folder with one sub-folder for each unpacked package, named like it
 */
export async function firstPhotos({
  packages,
  folder,
  onProgress = () => {},
}: {
  packages: string;
  folder: string;
  onProgress?: Progress;
}): Promise<FirstPhotos> {
  return withDiskErrors(folder, async () => {
    const candidates = (
      await Promise.all([...photographPackages].map((name) => candidatesOf(packages, name)))
    ).flat();
    const building = `${folder}.part`;
    await rm(building, { recursive: true, force: true });
    const kept: SourceCredit[] = [];
    const leftOut: FirstPhotos['leftOut'] = [];
    await inParallel(candidates, 2, async (candidate, index) => {
      onProgress(index, candidates.length, 'choosing photographs');
      const reason = await reasonAgainst(candidate.bytes);
      if (reason !== null) {
        leftOut.push({ file: candidate.credit.file, reason });
        return;
      }
      await mkdir(dirname(join(building, candidate.credit.file)), { recursive: true });
      await writeFile(join(building, candidate.credit.file), candidate.bytes);
      kept.push(candidate.credit);
    });
    onProgress(candidates.length, candidates.length, 'choosing photographs');
    const byFile = (a: { file: string }, b: { file: string }) => (a.file < b.file ? -1 : 1);
    const notes = { credits: kept.sort(byFile), leftOut: leftOut.sort(byFile) };
    await mkdir(building, { recursive: true });
    await writeFile(join(building, 'credits.json'), `${JSON.stringify(notes, null, 1)}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(building, folder);
    return { folder, photographs: kept.length, ...notes };
  });
}

/** What `firstPhotos` left in `folder` earlier; null when it has not finished there. */
export async function readFirstPhotos(folder: string): Promise<FirstPhotos | null> {
  try {
    const { credits, leftOut } = JSON.parse(await readFile(join(folder, 'credits.json'), 'utf8'));
    return { folder, photographs: credits.length, credits, leftOut };
  } catch {
    return null;
  }
}

interface Candidate {
  bytes: Uint8Array;
  credit: SourceCredit;
}

async function candidatesOf(packages: string, name: string): Promise<Candidate[]> {
  const root = join(packages, name);
  const paragraphs = parseDebianCopyright(
    await readFile(join(root, 'usr/share/doc', name, 'copyright'), 'utf8').catch(() => ''),
  );
  return [...(await fromActivities(root, paragraphs)), ...(await fromBackgrounds(root, name, paragraphs))];
}

async function fromActivities(root: string, paragraphs: CopyrightParagraph[]): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const activity of activities) {
    const resources = await readQtResources(join(root, 'usr/share/gcompris-qt/rcc', `${activity}.rcc`)).catch(
      ifThere,
    );
    const readmes = (resources ?? []).filter(({ path }) => path.endsWith('/README'));
    for (const { path, bytes } of resources ?? []) {
      if (!/\.(webp|jpe?g|png)$/i.test(path)) continue;
      const file = path.replace(/^.*?activities\//, '').replace(/\/resource\/(images\/)?/, '/');
      const near = readmes.flatMap((readme) => paragraphsOfReadme(readme, path));
      found.push({ bytes, credit: creditOf(file, near.at(-1) ?? copyrightOf(path, paragraphs)) });
    }
  }
  return found;
}

/** Newer pictures are credited in a README of the activity, by their path from its folder. */
function paragraphsOfReadme(readme: { path: string; bytes: Uint8Array }, path: string): CopyrightParagraph[] {
  const folder = readme.path.slice(0, -'README'.length);
  if (!path.startsWith(folder)) return [];
  const inside = path.slice(folder.length);
  return parseDebianCopyright(Buffer.from(readme.bytes).toString()).filter(({ patterns }) =>
    patterns.includes(inside),
  );
}

async function fromBackgrounds(
  root: string,
  name: string,
  paragraphs: CopyrightParagraph[],
): Promise<Candidate[]> {
  const folder = join(root, 'usr/share/backgrounds');
  const paths = ((await readdir(folder, { recursive: true }).catch(ifThere)) ?? []) as string[];
  const photographs = paths.filter((path) => /\.jpe?g$/i.test(path) && !drawings.test(`/${path}`)).sort();
  return Promise.all(
    photographs.map(async (path) => ({
      bytes: await readFile(join(folder, path)),
      credit: creditOf(`${name}/${path.split('/').at(-1)}`, copyrightOf(path, paragraphs)),
    })),
  );
}

function creditOf(file: string, paragraph: CopyrightParagraph | null): SourceCredit {
  if (!paragraph) return { file, licence: 'unknown' };
  const [first, second, ...others] = paragraph.authors;
  const author = [first, others.length > 0 ? 'others' : second].filter(Boolean).join(' and ');
  return { file, licence: paragraph.licence, ...(author && { author }) };
}

async function reasonAgainst(bytes: Uint8Array): Promise<string | null> {
  const inspection = await inspectPhotograph(bytes, leastSide);
  if (inspection.reason !== null) return inspection.reason;
  const { whiteShare } = inspection as { whiteShare: number };
  return whiteShare > mostWhite ? `${Math.round(whiteShare * 100)} % is nearly white` : null;
}

function ifThere(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
