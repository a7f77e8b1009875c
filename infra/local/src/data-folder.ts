import fs from 'node:fs';
import path from 'node:path';
import { DomainError } from '@chromatune/contracts';
import { makeFolder, processStart, writeSettings } from './service-process.js';

/** What runs where, for the CLI, for people and for tests: `<data folder>/services.json`. */
export interface RunningServices {
  apiUrl: string;
  pids: Record<string, number>;
}

/** The one place where an embedded Chromatune keeps everything. Held by one launcher at a time. */
export class DataFolder {
  private constructor(readonly path: string) {}

  /** Creates the folder when needed and takes its lock. Throws a DomainError when it cannot be used. */
  static open(folder: string): DataFolder {
    for (const name of ['', 'logs', 'objects', 'cache']) makeFolder(path.join(folder, name));
    requireWritable(folder);
    const data = new DataFolder(folder);
    data.lock();
    return data;
  }

  file(...parts: string[]) {
    return path.join(this.path, ...parts);
  }

  announce(services: RunningServices) {
    writeSettings(this.path, 'services', services);
  }

  close() {
    fs.rmSync(this.file('services.json'), { force: true });
    fs.rmSync(this.file('launcher.lock'), { force: true });
  }

  /** `link` fails where the lock exists, so of two launchers that start together one wins. */
  private lock() {
    const file = this.file('launcher.lock');
    const own = `${file}.${process.pid}`;
    fs.writeFileSync(own, identityOf(process.pid) ?? '');
    try {
      while (!linked(own, file)) this.removeStale(file);
    } finally {
      fs.rmSync(own, { force: true });
    }
  }

  private removeStale(file: string) {
    const holder = readIfThere(file);
    if (holder && holder === identityOf(Number.parseInt(holder, 10))) {
      throw new DomainError(
        'already_running',
        409,
        `Chromatune already runs on ${this.path} (process ${holder.split(' ')[0]}).`,
        {
          remedy: 'Open its dashboard, stop it with Ctrl-C, or choose another folder with --data-dir DIR.',
        },
      );
    }
    removeLockOf(holder, file);
  }
}

/** Removes a lock if it is still that of this holder: another launcher may have removed it meanwhile and put its own there. */
export function removeLockOf(holder: string, file: string) {
  const taken = `${file}.${process.pid}.taken`;
  try {
    fs.renameSync(file, taken);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readIfThere(taken) !== holder) linked(taken, file);
  fs.rmSync(taken, { force: true });
}

function linked(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readIfThere(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function requireWritable(folder: string) {
  const probe = path.join(folder, `.writable.${process.pid}`); // no other launcher's
  try {
    fs.writeFileSync(probe, '');
    fs.rmSync(probe);
  } catch (cause) {
    throw new DomainError(
      'data_folder_unusable',
      500,
      `The data folder ${folder} cannot be written: ${(cause as Error).message}`,
      { remedy: 'Choose another with --data-dir DIR, or change its permissions.', cause },
    );
  }
}

/** Process number and start time, so that a number used again is not taken for its former owner. Undefined when not alive. */
function identityOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch {
    return undefined;
  }
  return `${pid} ${processStart(pid) ?? 'unknown'}`; // unknown where there is no /proc
}
