import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isSameEngine, type RunDetail, type Verdict } from '@chromatune/contracts';
import { isWeight, SafetensorsError, SafetensorsFile, type TensorReader } from '@chromatune/data';
import type { Database } from '@chromatune/database';
import { ObjectNotFound, type ObjectStore } from '@chromatune/storage';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { InjectDatabase, InjectObjectStore } from '../config/connections.js';
import { readPoints } from '../metrics/read-points.js';
import { forEach } from '../scheduler/for-each.js';
import { lendFolder } from '../uploads/lend-folder.js';
import { compareRuns, type LossPoint } from './verdict.js';

/** Judges reproductions that have ended. */
@Injectable()
export class VerdictService {
  constructor(
    @InjectDatabase() private readonly database: Database,
    @InjectObjectStore() private readonly objects: ObjectStore,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(VerdictService.name);
  }

  /** Stores the verdict of every ended reproduction that has none. */
  async judgeEnded(): Promise<void> {
    await forEach(await this.database.runs.awaitingVerdict(), async ({ runId, originalId }) => {
      const verdict = await this.judge(runId, originalId);
      if (!verdict) return;
      await this.database.runs.setVerdict(runId, verdict);
      this.logger.info({ runId }, `reproduction of ${originalId}: ${verdict.verdict}`);
    });
  }

  private async judge(runId: string, originalId: string): Promise<Verdict | null> {
    const reproduced = await this.database.runs.detail(runId);
    const original = await this.database.runs.detail(originalId);
    if (!reproduced || !original) return null;
    if (reproduced.state !== 'completed')
      return { verdict: 'NOT REPRODUCIBLE', reason: explainEnd(reproduced) };
    return compareRuns({
      original: await this.lossesOf(original),
      reproduced: await this.lossesOf(reproduced),
      sameEngine:
        original.environment !== null &&
        reproduced.environment !== null &&
        isSameEngine(original.environment, reproduced.environment),
      weights: {
        original: original.weightsSha256 ?? '',
        reproduced: reproduced.weightsSha256 ?? '',
        largestDifference: await this.compareWeights(original, reproduced),
      },
    });
  }

  private async lossesOf({ id }: RunDetail): Promise<LossPoint[]> {
    const losses: LossPoint[] = [];
    for await (const points of readPoints(this.database, id, 'train/loss')) {
      losses.push(...points.filter(({ superseded }) => !superseded));
    }
    return losses;
  }

  /** Largest absolute difference between the final weights; null when either is gone or damaged, or shapes differ. */
  private async compareWeights(original: RunDetail, reproduced: RunDetail): Promise<number | null> {
    if (original.weightsSha256 !== null && original.weightsSha256 === reproduced.weightsSha256) return 0;
    const [a, b] = [finalCheckpoint(original), finalCheckpoint(reproduced)];
    if (!a || !b) return null;
    try {
      return await lendFolder((folder) => this.compareCheckpoints([a.key, b.key], folder));
    } catch (error) {
      if (error instanceof ObjectNotFound || error instanceof SafetensorsError) return null;
      throw error;
    }
  }

  private async compareCheckpoints(keys: string[], folder: string): Promise<number | null> {
    const files: SafetensorsFile[] = [];
    try {
      for (const key of keys) {
        const path = join(folder, String(files.length));
        await this.objects.download(key, path);
        files.push(SafetensorsFile.open(path));
      }
      return await largestWeightDifference(files[0]!, files[1]!);
    } finally {
      for (const file of files) file.close();
    }
  }
}

/** Null when the two do not hold the same tensors. */
async function largestWeightDifference(one: TensorReader, other: TensorReader): Promise<number | null> {
  const weights = one.tensors.filter(isWeight);
  const shapes = new Map(other.tensors.filter(isWeight).map(({ name, shape }) => [name, String(shape)]));
  if (weights.length !== shapes.size) return null;
  let largest = 0;
  for (const { name, shape } of weights) {
    if (shapes.get(name) !== String(shape)) return null;
    const [values, others] = [one.read(name), other.read(name)];
    for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]! - others[i]!));
    await setImmediate(); // requests are answered meanwhile
  }
  return largest;
}

const finalCheckpoint = ({ checkpoints }: RunDetail) =>
  checkpoints.filter(({ kind }) => kind === 'final').sort((a, b) => b.attempt - a.attempt)[0];

function explainEnd({ state, failure }: RunDetail): string {
  if (failure) return `the reproduction failed: ${failure.message}`;
  return state === 'cancelled' ? 'the reproduction was cancelled' : `the reproduction ended ${state}`;
}
