import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isEnded, type Run, run as runSchema, storedPoint, sweepDetail } from '@chromatune/contracts';
import { stream } from '@chromatune/random';
import { type Platform, startPlatform, until } from '@chromatune/test-support';
import { z } from 'zod';

export const victims = ['child', 'trainer', 'api', 'redis', 'postgres'] as const;
export type Victim = (typeof victims)[number];

export interface ChaosOptions {
  folder: string;
  kills: number;
  seed: number;
  /** Shortest and longest pause between two kills. */
  pauseMs: [number, number];
  /** Runs of the sweep and epochs of each. */
  runs: number;
  epochs: number;
  images: number;
  log: (line: string) => void;
}

/** What is left of a run when all is over: equal for an interrupted and an uninterrupted one, or something was lost. */
export interface Remains {
  parameters: string;
  state: string;
  weightsSha256: string | null;
  /** Points by metric that no later attempt superseded. */
  points: Record<string, number>;
  /** Steps whose train loss is missing or doubled. */
  faultySteps: number;
  attempts: number;
}

export interface ChaosReport {
  reference: Remains[];
  interrupted: Remains[];
  kills: Record<Victim, number>;
  seconds: { reference: number; interrupted: number };
}

/**
 * Trains a sweep in peace, then the same sweep under `kill -9` of every kind of process at random moments, all on the
 * platform as users start it. The caller compares what is left of both.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const platform = await startPlatform({
    folder: options.folder,
    arguments: ['--no-sweep'],
    environment: { LEASE_SECONDS: '6', RENEW_SECONDS: '2' },
  });
  try {
    await importScenes(platform, options.images);
    const reference = await timed(async () =>
      whenEnded(platform, await launch(platform, 'in peace', options)),
    );
    const kills = Object.fromEntries(victims.map((victim) => [victim, 0])) as Record<Victim, number>;
    const interrupted = await timed(async () => {
      const sweepId = await launch(platform, 'under fire', options);
      const over = new AbortController();
      const killing = killAtRandom(platform, options, kills, over.signal);
      const runs = await whenEnded(platform, sweepId);
      over.abort();
      await killing;
      return runs;
    });
    return {
      reference: await remainsOf(platform, reference.value),
      interrupted: await remainsOf(platform, interrupted.value),
      kills,
      seconds: { reference: reference.seconds, interrupted: interrupted.seconds },
    };
  } finally {
    await platform.stop();
  }
}

async function killAtRandom(
  platform: Platform,
  options: ChaosOptions,
  kills: Record<Victim, number>,
  over: AbortSignal,
) {
  const random = stream(options.seed, 'chaos');
  const [shortest, longest] = options.pauseMs;
  let round: Victim[] = [];
  for (let done = 0; done < options.kills && !over.aborted;) {
    await sleep(shortest + random.integer(longest - shortest + 1));
    if (round.length === 0) round = random.shuffle([...victims]); // each kind once before any twice
    const victim = round.at(-1)!;
    const pid = pidOf(platform, victim, random.integer(1000));
    if (pid === undefined || over.aborted) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      continue; // it was being started again
    }
    round.pop();
    kills[victim]++;
    done++;
    options.log(`kill -9 ${victim} (${pid}), ${done} of ${options.kills}`);
  }
}

function pidOf(platform: Platform, victim: Victim, choice: number): number | undefined {
  const pids = platform.pids();
  if (victim !== 'child') return pids[victim];
  const children = pids.trainer === undefined ? [] : childrenOf(pids.trainer);
  return children[choice % Math.max(children.length, 1)];
}

/** Children of a process that train, from /proc. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        const stat = readFileSync(`/proc/${child}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return parent === pid && readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('training');
      } catch {
        return false; // ended meanwhile
      }
    });
}

async function importScenes(platform: Platform, images: number) {
  const result = await platform.cli(
    'data',
    'import',
    'synthetic',
    '--name',
    'scenes',
    '--size',
    '32',
    '--images',
    String(images),
    '--json',
  );
  if (result.code !== 0) throw new Error(`import failed: ${result.stderr}`);
}

async function launch(platform: Platform, name: string, options: ChaosOptions): Promise<string> {
  const yaml = `
name: ${name}
dataset: scenes
model: { encoder: resnet18, width: 0.125, imageSize: 32 }
training: { batchSize: 4 }
space:
  loss: [regression, classification]
  learningRate: { distribution: logUniform, min: 1.0e-4, max: 1.0e-2 }
search: { method: random, seed: 3, parallel: 2 }
budget: { runs: ${options.runs}, epochs: ${options.epochs} }
samples: { images: 2 }
`;
  const answer = await fetch(`${platform.apiUrl}/api/sweeps`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ yaml }),
  });
  if (!answer.ok) throw new Error(`launch failed: ${await answer.text()}`);
  return z.object({ id: z.string() }).parse(await answer.json()).id;
}

/** Waits for the end of every run of a sweep; the API may be away for moments. */
async function whenEnded(platform: Platform, sweepId: string): Promise<Run[]> {
  let runs: Run[] = [];
  await until(
    `the end of sweep ${sweepId}`,
    async () => {
      const { state } = await platform.get(`sweeps/${sweepId}`, sweepDetail);
      runs = await platform.get(`sweeps/${sweepId}/runs`, z.array(runSchema));
      return state === 'completed' && runs.every((run) => isEnded(run.state));
    },
    15 * 60_000,
  );
  return runs;
}

async function remainsOf(platform: Platform, runs: Run[]): Promise<Remains[]> {
  const remains: Remains[] = [];
  for (const { id, state, weightsSha256, parameters, totalSteps, attempt } of [...runs].sort(
    (a, b) => a.index - b.index,
  )) {
    const all = await platform.get(`runs/${id}/points?limit=100000`, z.array(storedPoint));
    const points = all.filter(({ superseded }) => !superseded);
    const steps = points.filter(({ metric }) => metric === 'train/loss').map(({ step }) => step);
    const expected = Array.from({ length: totalSteps ?? 0 }, (_, index) => index + 1);
    remains.push({
      parameters: JSON.stringify(parameters),
      state,
      weightsSha256,
      points: countBy(points.map(({ metric }) => metric)),
      faultySteps: expected.filter((step) => steps.filter((other) => other === step).length !== 1).length,
      attempts: attempt,
    });
  }
  return remains;
}

function countBy(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const startedAt = Date.now();
  return { value: await work(), seconds: Math.round((Date.now() - startedAt) / 1000) };
}
