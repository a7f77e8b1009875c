import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { endWithOwner, repository, until } from '@chromatune/test-support';

/** A program of ours, started by hand with an environment of its own. It ends with this process at the latest. */
export interface ServiceProgram {
  pid: number;
  /** What it has said so far, on both streams. */
  output(): string;
  ended: Promise<{ code: number | null; output: string }>;
  /** The address it listens on, once it says so in its log. Throws with its words when it ends before. */
  listening(): Promise<string>;
  /** Ctrl-C. */
  interrupt(): void;
  kill(): void;
  /** Ends it in order and waits for that. */
  stop(): Promise<void>;
}

/** A replica of the API on a free port, unless `environment` names one. */
export const startApiProgram = (environment: Record<string, string>): ServiceProgram =>
  start([path.join(repository, 'apps/api/dist/main.js')], { LOG_FORMAT: 'json', PORT: '0', ...environment });

export const startTrainerProgram = (environment: Record<string, string>): ServiceProgram =>
  start([path.join(repository, 'apps/trainer/dist/main.js')], { LOG_FORMAT: 'json', ...environment });

/** `npm start -- …`, for starts that are expected to fail; `startPlatform` waits for those that succeed. */
export function startLauncher(args: string[], environment: Record<string, string> = {}): ServiceProgram {
  const main = pathToFileURL(path.join(repository, 'infra/local/dist/main.js')).href;
  const code = `const { main } = await import('${main}'); await main(process.argv.slice(1));`;
  return start(['--input-type=module', '--eval', code, '--', ...args], environment);
}

function start(args: string[], environment: Record<string, string>): ServiceProgram {
  const child = spawn(process.execPath, args, {
    cwd: repository,
    env: { ...process.env, NODE_ENV: '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithOwner({ pid: child.pid! });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, output: text })),
  );
  return {
    pid: child.pid!,
    output: () => text,
    ended,
    listening: () => addressOf(child, () => text),
    interrupt: () => void child.kill('SIGINT'),
    kill: () => void child.kill('SIGKILL'),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function addressOf(child: ChildProcess, output: () => string): Promise<string> {
  const address = () => /listens on (http:\/\/[^\s"]+)/.exec(output())?.[1];
  await until('its address', async () => address() !== undefined || child.exitCode !== null, 60_000);
  const found = address();
  if (found === undefined) throw new Error(`It ended:\n${output()}`);
  return found;
}
