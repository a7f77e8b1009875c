import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  colorizeKey,
  type ColorizeProblem,
  type ColorizeRequest,
  DomainError,
  type Environment,
} from '@chromatune/contracts';
import { ObjectNotFound, type ObjectStore } from '@chromatune/storage';
import type { Logger } from 'pino';
import type { ColorizeOutcome } from '../training/colorize-messages.js';
import { ColorizeProcess } from './colorize-process.js';
import type { StoredFile } from './data-files.js';
import { Gate } from './gate.js';
import type { ShardCache } from './shard-cache.js';

export interface ColorizerOptions {
  trainerId: string;
  /** Work folder, its own: emptied at the start. */
  folder: string;
  /** The compiled `training/colorize.js`. */
  childEntry: string;
  childEnv: Record<string, string | undefined>;
  environment: Pick<Environment, 'engine' | 'threads'>;
  store: ObjectStore;
  cache: ShardCache;
  log: Logger;
}

/** Colours photographs that people send to the API, one at a time, beside whatever is trained. */
export class Colorizer {
  private readonly gate = new Gate(1);
  private readonly process: ColorizeProcess;
  private stopped = false;

  constructor(private readonly options: ColorizerOptions) {
    this.process = new ColorizeProcess({ entry: options.childEntry, env: options.childEnv });
  }

  /** Leaves the coloured picture, or the reason why there is none, where the API looks for them. */
  async colorize(request: ColorizeRequest): Promise<void> {
    const { store, log } = this.options;
    await this.gate.pass(async () => {
      const folder = join(this.options.folder, request.id);
      try {
        const outcome = await this.outcomeOf(request, folder);
        if (outcome === null || !(await store.exists(colorizeKey(request.id, 'photo')))) return; // nobody waits any more
        if ('written' in outcome) {
          await store.put(colorizeKey(request.id, 'picture'), { path: join(folder, 'picture') });
        } else {
          await store.put(colorizeKey(request.id, 'problem'), Buffer.from(JSON.stringify(outcome)));
        }
        log.info(
          { runId: request.runId, problem: 'code' in outcome ? outcome.code : undefined },
          'coloured a photograph',
        );
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  }

  /** Ends what is being coloured: whoever sent it is told to try again. */
  stop(): void {
    this.stopped = true;
    this.process.stop();
  }

  /** Null when the photograph is gone. Whatever goes wrong is told to whoever waits, who would else wait for two minutes. */
  private async outcomeOf(request: ColorizeRequest, folder: string): Promise<ColorizeOutcome | null> {
    try {
      const photo = join(folder, 'photo');
      if (!(await this.fetchPhoto(request, photo))) return null;
      return this.stopped ? trainerStops : await this.colorizeIn(folder, photo, request);
    } catch (error) {
      return toProblem(error);
    }
  }

  /** False when it is gone: whoever sent it has stopped waiting. */
  private async fetchPhoto({ id }: ColorizeRequest, path: string): Promise<boolean> {
    try {
      await this.options.store.download(colorizeKey(id, 'photo'), path);
      return true;
    } catch (error) {
      if (error instanceof ObjectNotFound) return false;
      throw error;
    }
  }

  private async colorizeIn(
    folder: string,
    photo: string,
    { id, recipe, checkpoint, temperature, format }: ColorizeRequest,
  ): Promise<ColorizeOutcome> {
    const { cache, trainerId, environment } = this.options;
    const use = cache.openUse(`${trainerId}.colorize-${id}`);
    try {
      const { [checkpointName]: path } = await use.files([{ ...checkpoint, ...checkpointFile }]);
      await mkdir(folder, { recursive: true });
      const picture = join(folder, 'picture');
      return await this.process.run({
        recipe,
        checkpoint: path!,
        checkpointSha256: checkpoint.sha256,
        photo,
        picture,
        temperature,
        format,
        // A GPU belongs to what trains on it, and one small picture takes a CPU no time.
        engine: environment.engine === 'cuda' ? 'native' : environment.engine,
        threads: environment.threads,
      });
    } finally {
      await use.end().catch(() => undefined);
    }
  }
}

const checkpointName = 'checkpoint.safetensors';
const checkpointFile: Pick<StoredFile, 'name' | 'remedy'> = {
  name: checkpointName,
  remedy: 'Choose another epoch: npx chromatune run show lists the checkpoints that are kept.',
};

const trainerStops: ColorizeProblem = {
  code: 'trainer_stops',
  status: 503,
  message: 'The trainer that was asked stops.',
  remedy: 'Try again: another trainer, or the same one when it is back, will do it.',
};

function toProblem(error: unknown): ColorizeProblem {
  if (error instanceof DomainError) {
    const { code, status, message, remedy } = error;
    return { code, status, message, ...(remedy && { remedy }) };
  }
  return {
    code: 'colorize_failed',
    status: 500,
    message: `The trainer cannot colour it: ${(error as Error).message}.`,
    remedy: 'Look at its log and at the space on its disk, then try again.',
  };
}
