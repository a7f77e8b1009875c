import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '@chromatune/contracts';
import { fileReason, isOfFileSystem } from '../output/file-reason.js';

/** Makes the folder where it is missing, and tries whether files can be written to it. @throws DomainError when not */
export async function makeWritableFolder(folder: string): Promise<void> {
  const probe = partOf(path.join(folder, 'probe'));
  await explained(folder, async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
  });
}

/** The picture appears whole or not at all. @throws DomainError when it cannot be written */
export async function writePicture(target: string, picture: Uint8Array): Promise<void> {
  const temporary = partOf(target);
  await explained(target, async () => {
    await mkdir(path.dirname(target), { recursive: true });
    try {
      await writeFile(temporary, picture);
      await rename(temporary, target);
    } finally {
      await rm(temporary, { force: true });
    }
  });
}

const partOf = (target: string) => `${target}.${process.pid}.part`;

/** Errors of the file system say what cannot be written, and why; others stay as they are. @throws DomainError */
export async function explained<T>(what: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (!isOfFileSystem(cause)) throw cause;
    throw new DomainError('not_writable', 400, `${what} cannot be written: ${fileReason(cause)}.`, {
      remedy: 'Name another folder with --out.',
      cause,
    });
  }
}
