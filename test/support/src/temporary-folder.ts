import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endWithOwner } from './end-with-owner.js';

let parent: string | undefined;

/** A new empty folder that other accounts can enter. It is removed once this process has ended, however it ended. */
export function temporaryFolder(name = 'test'): string {
  parent ??= makeParent();
  return enterable(mkdtempSync(join(parent, `${name}-`)));
}

/** One for all, so that one watchdog is enough: vitest ends its workers without the event `exit`. */
function makeParent(): string {
  const folder = enterable(mkdtempSync(join(tmpdir(), 'chromatune-')));
  endWithOwner({ pid: process.pid, folder });
  return folder;
}

function enterable(folder: string): string {
  chmodSync(folder, 0o755);
  return folder;
}
