import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  colorizeKey,
  colorizeProblem,
  type ColorizeQuery,
  type ColorizeRequest,
  DomainError,
  type LossRecipe,
  maxPhotoBytes,
  recipe,
} from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import { Injectable } from '@nestjs/common';
import { InjectDatabase, InjectObjectStore, InjectSettings, type Settings } from '../config/connections.js';
import { RunsService } from '../runs/runs.service.js';
import { TrainingQueue } from '../scheduler/training-queue.js';
import { receiveFile } from '../uploads/receive-file.js';
import { chooseCheckpoint } from './choose-checkpoint.js';
import {
  NoTrainerAnswered,
  PhotoExpected,
  PhotoTooLarge,
  TemperatureWithoutBins,
  TooManyPhotos,
} from './colorize.errors.js';

/** Each is in memory here and takes a trainer seconds. */
const mostAtOnce = 16;
const pollMs = 150;

/**
 * Colours photographs by asking a trainer: the API has no TensorFlow. Photo and picture meet in the object store, where a
 * trainer on any machine finds them, and neither stays there.
 */
@Injectable()
export class ColorizeService {
  private underway = 0;

  constructor(
    private readonly runs: RunsService,
    private readonly queue: TrainingQueue,
    @InjectDatabase() private readonly database: Database,
    @InjectObjectStore() private readonly objects: ObjectStore,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  /** The coloured photograph, encoded. */
  async colorize(runId: string, query: ColorizeQuery, photo: IncomingMessage): Promise<Uint8Array> {
    const { pool, ...work } = await this.plan(runId, query);
    if (this.underway >= mostAtOnce) throw new TooManyPhotos(mostAtOnce);
    refuseOtherBodies(photo.headers['content-type'] ?? '');
    const id = `${Date.now()}-${randomBytes(8).toString('hex')}`;
    this.underway++;
    try {
      const tooLarge = (limit: number) => new PhotoTooLarge(limit);
      await receiveFile(photo, { sha256: null, mostBytes: maxPhotoBytes, tooLarge }, async (path) => {
        if ((await stat(path)).size === 0) throw new PhotoExpected('The body is empty');
        await this.objects.put(colorizeKey(id, 'photo'), { path });
      });
      await this.queue.ask(pool, { id, runId, ...work });
      return await this.waitFor(id, pool);
    } finally {
      this.underway--;
      await this.forget(id, pool);
    }
  }

  /** What a trainer is to do, or why it would be in vain. */
  private async plan(runId: string, { epoch, temperature, format }: ColorizeQuery) {
    const run = await this.runs.get(runId);
    const known = recipe.parse(run.recipe);
    const { key, bytes, sha256 } = chooseCheckpoint(run, epoch);
    if (temperature !== undefined && !decodesBins(known.loss)) throw new TemperatureWithoutBins(runId);
    const pool = await this.database.runs.poolOf(runId);
    const trainers = await this.database.trainers.list();
    if (!trainers.some((trainer) => trainer.online && trainer.pool === pool)) {
      throw new NoTrainerAnswered(pool, null);
    }
    const checkpoint = { key, bytes, sha256 };
    return { pool, recipe: known, checkpoint, temperature: temperature ?? null, format } satisfies Omit<
      ColorizeRequest,
      'id' | 'runId'
    > & { pool: string };
  }

  private async waitFor(id: string, pool: string): Promise<Uint8Array> {
    const { COLORIZE_SECONDS: seconds } = this.settings;
    for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(pollMs)) {
      if (await this.objects.exists(colorizeKey(id, 'picture'))) {
        return this.objects.get(colorizeKey(id, 'picture'));
      }
      if (await this.objects.exists(colorizeKey(id, 'problem'))) throw await this.problemOf(id);
    }
    throw new NoTrainerAnswered(pool, seconds);
  }

  private async problemOf(id: string): Promise<DomainError> {
    const text = Buffer.from(await this.objects.get(colorizeKey(id, 'problem'))).toString();
    const { code, status, message, remedy } = colorizeProblem.parse(JSON.parse(text));
    return new DomainError(code, status, message, remedy === undefined ? {} : { remedy });
  }

  /** What cannot be removed now, the scheduler removes later. */
  private async forget(id: string, pool: string): Promise<void> {
    await Promise.allSettled([
      this.queue.withdraw(pool, id),
      ...(['photo', 'picture', 'problem'] as const).map((what) => this.objects.remove(colorizeKey(id, what))),
    ]);
  }
}

function refuseOtherBodies(contentType: string): void {
  if (contentType.startsWith('multipart/')) throw new PhotoExpected('This is a form');
  if (contentType.startsWith('application/json')) throw new PhotoExpected('This is JSON');
}

const decodesBins = (loss: LossRecipe) =>
  loss.type === 'classification' || (loss.type === 'combined' && loss.decodeFrom === 'classification');
