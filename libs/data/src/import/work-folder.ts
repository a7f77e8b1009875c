import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, type DatasetFile } from '@chromatune/contracts';
import { withDiskErrors } from './disk-error.js';

/** Raised when what importers make of the same input changes, so that no half-done folder of older code is gone on with. */
const workVersion = 2;

/**
 * The folder of one import: its files, and a journal with one line for each finished step. An import that was killed
 * goes through its steps again and skips those whose files are still as the journal says.
 */
export class WorkFolder {
  private constructor(
    readonly path: string,
    private readonly finished: Map<string, unknown>,
  ) {}

  /** Opens the folder that belongs to `key` (everything that decides what comes out) under `parent`. */
  static async open(parent: string, importer: string, key: unknown): Promise<WorkFolder> {
    const digest = createHash('sha256')
      .update(canonicalJson([workVersion, importer, key]))
      .digest('hex');
    const path = join(parent, `${importer}-${digest.slice(0, 16)}`);
    return withDiskErrors(path, async () => {
      await mkdir(path, { recursive: true });
      return new WorkFolder(path, await readJournal(join(path, 'journal.jsonl')));
    });
  }

  /**
   * The result of the step `name`: from the journal when it was finished before, else of `work`. The result must be JSON;
   * the files named in `files` are part of it.
   */
  async step<T extends object>(name: string, work: () => Promise<T>): Promise<T> {
    const recorded = this.finished.get(name) as (T & { files?: DatasetFile[] }) | undefined;
    if (recorded && (await this.has(recorded.files ?? []))) return recorded;
    return withDiskErrors(this.path, async () => {
      const result = await work();
      await appendFile(join(this.path, 'journal.jsonl'), `${JSON.stringify({ name, result })}\n`);
      return result;
    });
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file whole or not at all. Two imports at once may write the same one. */
  async write(name: string, parts: Uint8Array[]): Promise<DatasetFile> {
    const part = this.file(`${name}.${process.pid}.part`);
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      const handle = await open(part, 'w');
      try {
        for (const content of parts) {
          await handle.writeFile(content);
          hash.update(content);
          bytes += content.length;
        }
      } finally {
        await handle.close();
      }
      await rename(part, this.file(name));
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    return { name, bytes, sha256: hash.digest('hex') };
  }

  private async has(files: DatasetFile[]): Promise<boolean> {
    for (const { name, bytes, sha256 } of files) {
      const found = await stat(this.file(name)).catch(() => null);
      if (found?.size !== bytes || (await sha256Of(this.file(name))) !== sha256) return false;
    }
    return true;
  }
}

/** A line that was cut short when the import was killed does not count. */
async function readJournal(path: string): Promise<Map<string, unknown>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const finished = new Map<string, unknown>();
  for (const line of text.split('\n')) {
    try {
      const { name, result } = JSON.parse(line);
      finished.set(name, result);
    } catch {
      continue;
    }
  }
  if (text !== '' && !text.endsWith('\n')) await appendFile(path, '\n');
  return finished;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
