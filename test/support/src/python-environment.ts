import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { DomainError } from '@chromatune/contracts';
import { cacheFolder } from '@chromatune/engine/cache-folder';
import { repository } from './platform.js';

const requirements = path.join(repository, 'test/support/python/requirements.txt');

/** NumPy 2.4 wants 3.11, TensorFlow 2.21 at most 3.13. */
const pythons = ['python3', 'python3.13', 'python3.12', 'python3.11'];
const isSuitable = /^Python 3\.1[123]\./;

/** There is no Python with the independent references, and it could not be made. */
export class PythonMissing extends DomainError {
  constructor(message: string, remedy: string) {
    super('python_missing', 503, message, { remedy });
  }
}

/**
 * A Python with PyTorch, Keras and the rest of `python/requirements.txt`, in a virtual environment of the user's cache that
 * all clones of the project share. The first call makes it: about 2 GB to download, 6 GB on the disk, 2 minutes.
 * @returns the path of its interpreter
 * @throws PythonMissing
 */
export async function pythonEnvironment(say: (line: string) => void): Promise<string> {
  const folder = environmentFolder();
  if (existsSync(interpreterOf(folder))) return interpreterOf(folder);

  const python = await findPython();
  const partial = `${folder}.partial-${process.pid}`;
  say(`making a Python environment in ${folder} (2 GB to download, once) …`);
  try {
    mkdirSync(path.dirname(folder), { recursive: true });
    check(
      await run(python, ['-m', 'venv', partial]),
      'Install venv, on Debian and Ubuntu by: apt-get install -y python3-venv.',
    );
    const install = ['install', '--no-deps', '--only-binary=:all:', '--no-input', '-r', requirements];
    check(
      await run(interpreterOf(partial), ['-m', 'pip', ...install]),
      'It needs the package index (PIP_INDEX_URL names a mirror) and 6 GB in the cache (CHROMATUNE_CACHE_DIR moves it).',
    );
    if (!existsSync(folder)) renameSync(partial, folder); // else another process was faster
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return interpreterOf(folder);
}

/** Made anew when the requirements change. */
function environmentFolder(): string {
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  return path.join(cacheFolder(), 'python', digest);
}

const interpreterOf = (folder: string) => path.join(folder, 'bin', 'python');

async function findPython(): Promise<string> {
  for (const command of pythons) {
    const version = await run(command, ['--version']);
    if (version.code === 0 && isSuitable.test(version.output)) return command;
  }
  throw new PythonMissing(
    'There is no Python 3.11, 3.12 or 3.13.',
    'Install one, on Debian 12 and Ubuntu 24.04 by: apt-get install -y python3 python3-venv.',
  );
}

interface Ended {
  command: string;
  code: number | null;
  output: string;
}

function run(command: string, args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
    const end = (code: number | null) => resolve({ command: [command, ...args].join(' '), code, output });
    child.on('error', () => end(null));
    child.on('close', end);
  });
}

function check({ command, code, output }: Ended, remedy: string): void {
  if (code === 0) return;
  const lines = output.trim().split('\n').slice(-3).join(' ');
  throw new PythonMissing(`${command} failed: ${lines}`, remedy);
}
