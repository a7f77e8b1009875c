import { fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '@chromatune/test-support';
import { type ImportJob, type ImportUse, importUse } from '../import-job.js';
import { layoutBytes, writeKaggleLayout } from '../kaggle-layout.js';
import type { Options, Part, Result } from '../part.js';

const importer = fileURLToPath(new URL('../children/import-npy.js', import.meta.url));
const mostMemoryMB = 500;
const sizes = [64, 224];

/**
 * Writes the Kaggle layout into a temporary folder and imports it at 64 and at 224 pixels, each in a process of its own,
 * with what `chromatune data import npy` calls. Everything is removed afterwards.
 */
export const importPart: Part = {
  name: 'import',
  measures: 'seconds and peak memory of importing the Kaggle layout (25,000 x 224 x 224, 3.8 GB)',
  takes: '3 min',
  async run({ rows, say }: Options): Promise<Result> {
    const folder = temporaryFolder('bench-import');
    await requireSpace(folder, rows);
    say(`writing ${rows} rows, ${gigabytes(layoutBytes(rows))} …`);
    const source = path.join(folder, 'kaggle');
    await writeKaggleLayout(source, rows);

    const result: Result = { rows: [], checks: [], notes: [] };
    for (const imageSize of sizes) {
      say(`importing at ${imageSize} pixels …`);
      const workFolder = path.join(folder, `at-${imageSize}`);
      const use = await runImport({ folder: source, workFolder, imageSize });
      rmSync(workFolder, { recursive: true });
      const peakMB = use.peakBytes / 1e6;
      result.rows.push({
        'size px': imageSize,
        images: use.images,
        seconds: use.seconds,
        'CPU s': use.cpuSeconds,
        'images/s': use.images / use.seconds,
        'read MB/s': layoutBytes(rows) / 1e6 / use.seconds,
        'peak MB': peakMB,
      });
      const what = `peak memory at ${imageSize} pixels`;
      result.checks.push({ what, value: peakMB, atMost: mostMemoryMB, unit: 'MB' });
    }
    rmSync(folder, { recursive: true });
    result.notes.push(
      'The files were just written: what fits into free memory is read from there, not from disk.',
    );
    return result;
  },
};

/** The source, and beside it the shards of the largest import. */
async function requireSpace(folder: string, rows: number): Promise<void> {
  const needed = layoutBytes(rows) * 2.1;
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= needed) return;
  throw new Error(
    `${path.dirname(folder)} has ${gigabytes(bavail * bsize)} free, ${gigabytes(needed)} are needed. ` +
      'Set TMPDIR to a folder on a larger disk, or take fewer rows with --rows N.',
  );
}

function runImport(job: ImportJob): Promise<ImportUse> {
  return new Promise((resolve, reject) => {
    const child = fork(importer, [JSON.stringify(job)]);
    child.once('message', (message) => resolve(importUse.parse(message)));
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`The import ended with ${signal ?? code}.`)));
  });
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
