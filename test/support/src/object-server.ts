import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { choosePort } from '@chromatune/local';

/** A real S3 server for a test, with a bucket name that nobody uses yet. */
export interface ObjectServer {
  /** What it is, for the names of tests: "MinIO", "the server at S3_ENDPOINT". */
  name: string;
  /** For `openObjectStore`: `s3+http://key:secret@127.0.0.1:port/bucket`. */
  url: string;
  stop(): Promise<void>;
  /** Kill it as the out-of-memory killer would, and start it again on the same data; absent where it cannot take that. */
  crash?: { kill(): Promise<void>; restart(): Promise<void> };
}

/** A server program that can be started here. */
export interface ServerProgram {
  name: string;
  command(place: ServerPlace): { program: string; arguments: string[]; environment?: Record<string, string> };
  survivesKill: boolean;
  /** What answers 200 once it takes requests; without it, any answer of the server will do. */
  readyPath?: string;
}

export interface ServerPlace {
  /** Its own, empty at first. */
  folder: string;
  port: number;
  user: string;
  password: string;
}

/** Starts it in a temporary folder on a free port; it ends with this process at the latest. */
export async function startServer(server: ServerProgram): Promise<ObjectServer> {
  const place: ServerPlace = {
    folder: mkdtempSync(path.join(os.tmpdir(), 'chromatune-s3-')),
    port: await choosePort(),
    user: 'chromatune',
    password: randomBytes(12).toString('hex'),
  };
  let running = await launch(server, place);
  const killOnExit = () => running.kill('SIGKILL');
  process.once('exit', killOnExit);
  const restart = async () => {
    running = await launch(server, place);
  };
  return {
    name: server.name,
    url: `s3+http://${place.user}:${place.password}@127.0.0.1:${place.port}/${newBucket()}`,
    stop: async () => {
      process.off('exit', killOnExit);
      await end(running, 'SIGTERM');
      rmSync(place.folder, { recursive: true, force: true });
    },
    ...(server.survivesKill ? { crash: { kill: () => end(running, 'SIGKILL'), restart } } : {}),
  };
}

async function launch(server: ServerProgram, place: ServerPlace): Promise<ChildProcess> {
  const { program, arguments: args, environment } = server.command(place);
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'], HOME: place.folder, ...environment },
    stdio: 'ignore',
  });
  const failed = new Promise<Error>((resolve) => child.once('error', resolve));
  for (let waited = 0; waited < 60_000; waited += 50) {
    if (await isReady(server, place.port)) return child;
    const error = await Promise.race([failed, sleep(50)]);
    if (error || child.exitCode !== null)
      throw new Error(`${server.name} did not start: ${error ?? child.exitCode}`);
  }
  await end(child, 'SIGKILL');
  throw new Error(`${server.name} did not answer within 60 s`);
}

/** Without a path of its own even the refusal of a request without a signature will do. */
const isReady = ({ readyPath }: ServerProgram, port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}${readyPath ?? '/'}`).then(
    ({ ok, status }) => (readyPath ? ok : status < 500),
    () => false,
  );

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

export const newBucket = () => `chromatune-test-${randomBytes(5).toString('hex')}`;
