import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { RunningServices } from '@chromatune/local';
import type { ZodType } from 'zod';

export const repository = fileURLToPath(new URL('../../..', import.meta.url));

export interface Platform {
  apiUrl: string;
  folder: string;
  /** Process numbers by name: launcher, postgres, redis, api, trainer. Read anew, because programs are started again. */
  pids(): Record<string, number>;
  /** An answer of its API, parsed. Throws when it is no success. */
  get<T>(path: string, schema: ZodType<T>): Promise<T>;
  /** Runs `chromatune …` against it. */
  cli(...args: string[]): Promise<CliResult>;
  /** What the launcher has printed so far. */
  output(): string;
  /** Ctrl-C: everything ends in order. */
  stop(): Promise<number | null>;
}

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** What `npm start` runs once packages are installed and everything is built, which `npm test` has done before. */
const launcher = `const { main } = await import('${pathToFileURL(path.join(repository, 'infra/local/dist/main.js')).href}');
await main(process.argv.slice(1));`;

/** The whole platform as a user starts it, `npm start -- --data-dir …`, on free ports, ready to take sweeps. */
export async function startPlatform(options: {
  folder: string;
  arguments?: string[];
  environment?: Record<string, string>;
}): Promise<Platform> {
  const args = [
    '--input-type=module',
    '--eval',
    launcher,
    '--',
    '--data-dir',
    options.folder,
    '--port',
    String(freeRange()),
    ...(options.arguments ?? []),
  ];
  const child = spawn(process.execPath, args, {
    cwd: repository,
    env: { ...process.env, NODE_ENV: '', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const servicesFile = path.join(options.folder, 'services.json');
  const services = () => JSON.parse(readFileSync(servicesFile, 'utf8')) as RunningServices;

  await untilStarted(
    () => existsSync(servicesFile) && services().apiUrl !== '' && output().includes('Chromatune is at'),
    child,
    output,
  );
  const { apiUrl } = services();
  return {
    apiUrl,
    folder: options.folder,
    pids: () => services().pids,
    get: (what, schema) => get(`${apiUrl}/api/${what}`, schema),
    cli: (...cliArguments) => runCli(apiUrl, cliArguments),
    output,
    stop: () => stop(child),
  };
}

/** Runs the command line of Chromatune against an API. */
export async function runCli(apiUrl: string, args: string[]): Promise<CliResult> {
  const child = spawn(process.execPath, [path.join(repository, 'apps/cli/bin/chromatune.mjs'), ...args], {
    env: { ...process.env, CHROMATUNE_API_URL: apiUrl, NODE_ENV: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const result = { code: 0, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (result.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (result.stderr += chunk.toString()));
  result.code = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  return result;
}

async function get<T>(url: string, schema: ZodType<T>): Promise<T> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return schema.parse(await answer.json());
}

/** Waits until `isTrue` answers true; what it throws counts as not yet, because services may be away for a moment. */
export async function until(
  what: string,
  isTrue: () => Promise<boolean>,
  timeoutMs = 240_000,
  everyMs = 250,
): Promise<void> {
  let last: unknown;
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(everyMs)) {
    try {
      if (await isTrue()) return;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`${what}: not within ${timeoutMs / 1000} s`, { cause: last });
}

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-200_000)));
  return () => text;
}

async function untilStarted(isReady: () => boolean, child: ChildProcess, output: () => string) {
  for (const deadline = Date.now() + 180_000; Date.now() < deadline; await sleep(100)) {
    if (isReady()) return;
    if (child.exitCode !== null) break;
  }
  child.kill('SIGKILL');
  throw new Error(`The platform did not start:\n${output()}`);
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  child.kill('SIGINT');
  return exited;
}

/** A range far from 4300, so that a developer's own instance does not matter; the launcher takes the first free one. */
const freeRange = () => 20_000 + Math.floor(Math.random() * 20_000);
