import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { choosePort } from '@chromatune/local';
import { repository, type Row, temporaryFolder } from '@chromatune/test-support';
import { z } from 'zod';
import { median } from '../numbers.js';
import type { Options, Part, Result } from '../part.js';

const mostSeconds = 10;
const defaultRounds = 3;
const longestStartMs = 10 * 60_000;

/**
 * Starts the platform as a user does, `npm start -- --no-sweep` with a data folder of its own, until the dashboard's page
 * answers and until a trainer is there, and stops it in order. The first start makes the data folder, so it does not count.
 */
export const startPart: Part = {
  name: 'start',
  measures: 'seconds of a second `npm start` until the dashboard answers',
  takes: '1 min',
  async run({ rounds = defaultRounds, say }: Options): Promise<Result> {
    const folder = temporaryFolder('bench-start');
    const starts: Start[] = [];
    for (let start = 1; start <= rounds + 1; start++) {
      say(start === 1 ? 'first start …' : `start ${start} …`);
      starts.push(await startAndStop(folder));
    }
    const later = starts.slice(1);
    return {
      rows: starts.map((start, index) => rowOf(index + 1, start)),
      checks: [
        {
          what: 'dashboard after a later start, median',
          value: median(later.map(({ dashboard }) => dashboard)),
          atMost: mostSeconds,
          unit: 's',
        },
      ],
      notes: later.some(({ built }) => built)
        ? ['Sources changed meanwhile: some starts had to build first.']
        : [],
    };
  },
};

/** Seconds since `npm start`. */
interface Start {
  dashboard: number;
  trainer: number;
  /** From Ctrl-C to the end of the last process. */
  stop: number;
  /** Whether it had to compile what had changed. */
  built: boolean;
}

const rowOf = (start: number, { dashboard, trainer, stop, built }: Start): Row => ({
  start,
  'dashboard s': dashboard,
  'trainer s': trainer,
  'stop s': stop,
  built: built ? 'yes' : 'no',
});

async function startAndStop(folder: string): Promise<Start> {
  const port = await choosePort();
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  const npm = spawn('npm', ['start', '--', '--no-sweep', '--data-dir', folder, '--port', String(port)], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => npm.once('close', () => resolve()));
  const output = collect(npm);
  try {
    const url = `http://127.0.0.1:${port}`;
    await untilAnswer(npm, output, async () => (await text(url)).includes('<div id="root"'));
    const dashboard = seconds();
    await untilAnswer(npm, output, async () => hasOnlineTrainer(await text(`${url}/api/trainers`)));
    const trainer = seconds();
    const stopAt = seconds();
    interrupt(folder);
    await exited;
    return { dashboard, trainer, stop: seconds() - stopAt, built: output().includes('✔ build') };
  } catch (error) {
    interrupt(folder);
    throw error;
  }
}

/** What Ctrl-C does, but without the terminal: the launcher gets SIGINT, once. */
function interrupt(folder: string): void {
  const file = path.join(folder, 'services.json');
  if (!existsSync(file)) return;
  const { pids } = z
    .object({ pids: z.object({ launcher: z.number() }) })
    .parse(JSON.parse(readFileSync(file, 'utf8')));
  process.kill(pids.launcher, 'SIGINT');
}

/** Asks every 50 ms; no answer yet is no failure, an end of the process is. */
async function untilAnswer(npm: ChildProcess, output: () => string, isThere: () => Promise<boolean>) {
  for (const deadline = Date.now() + longestStartMs; Date.now() < deadline; await sleep(50)) {
    if (npm.exitCode !== null) throw new Error(`npm start ended:\n${output()}`);
    if (await isThere().catch(() => false)) return;
  }
  throw new Error(`npm start did not answer:\n${output()}`);
}

async function text(url: string): Promise<string> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.text();
}

const hasOnlineTrainer = (json: string): boolean =>
  z
    .array(z.object({ online: z.boolean() }))
    .parse(JSON.parse(json))
    .some(({ online }) => online);

function collect(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-100_000)));
  }
  return () => output;
}
