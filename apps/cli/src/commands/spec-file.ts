import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '@chromatune/contracts';
import { fileReason } from '../output/file-reason.js';

/**
 * The text of a sweep file.
 * @throws DomainError when it cannot be read
 */
export async function readSpecFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const what = `${path.resolve(file)} cannot be read: ${fileReason(error)}.`;
    throw new DomainError('unreadable_file', 400, what, {
      remedy: 'Name a YAML file, for example examples/first-sweep.yaml.',
      cause: error,
    });
  }
}
