import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '@chromatune/contracts';

/**
 * The text of a sweep file.
 * @throws DomainError when it cannot be read
 */
export async function readSpecFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : String(code);
    throw new DomainError('unreadable_file', 400, `${path.resolve(file)} cannot be read: ${why}.`, {
      remedy: 'Name a YAML file, for example examples/first-sweep.yaml.',
      cause: error,
    });
  }
}
