import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  colorizeKey,
  type ColorizeProblem,
  type ColorizeRequest,
  colorizeSeconds,
  DomainError,
  type Environment,
} from '@chromatune/contracts';
import { ObjectNotFound, type ObjectStore } from '@chromatune/storage';
import type { Logger } from 'pino';
import { type ColorizeOutcome, colorizeOutcome, type ColorizeWork } from '../training/colorize-messages.js';
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
  private child: ChildProcess | null = null;
  private stopped = false;

  constructor(private readonly options: ColorizerOptions) {}

  /** Leaves the coloured picture, or the reason why there is none, where the API looks for them. */
  async colorize(request: ColorizeRequest): Promise<void> {
    const { store, log } = this.options;
    await this.gate.pass(async () => {
      const folder = join(this.options.folder, request.id);
      try {
        const photo = join(folder, 'photo');
        const isWanted = await this.fetchPhoto(request, photo);
        if (!isWanted || this.stopped) return;
        const outcome = await this.colorizeIn(folder, photo, request);
        if (!(await store.exists(colorizeKey(request.id, 'photo')))) return; // nobody waits any more
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

  /** Ends what is being coloured: another trainer will be asked. */
  stop(): void {
    this.stopped = true;
    this.child?.kill('SIGKILL');
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
      return await this.run({
        recipe,
        checkpoint: path!,
        photo,
        picture,
        temperature,
        format,
        ...environment,
      });
    } catch (error) {
      if (error instanceof DomainError) return toProblem(error);
      throw error;
    } finally {
      await use.end().catch(() => undefined);
    }
  }

  private run(work: ColorizeWork): Promise<ColorizeOutcome> {
    const { childEntry, childEnv } = this.options;
    return new Promise((resolve, reject) => {
      const child = fork(childEntry, [], {
        env: childEnv,
        execArgv: [],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      this.child = child;
      let stderr = '';
      child.stderr!.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)));
      const timeout = setTimeout(() => child.kill('SIGKILL'), colorizeSeconds * 1000);
      child.once('message', (message) => resolve(colorizeOutcome.parse(message)));
      child.once('error', reject);
      child.once('close', (code, signal) => {
        clearTimeout(timeout);
        this.child = null;
        resolve(endedEarly(signal ?? `code ${code}`, stderr)); // no effect after its message
      });
      child.send(work, () => undefined); // one that is gone already is seen by `close`
    });
  }
}

const checkpointName = 'checkpoint.safetensors';
const checkpointFile: Pick<StoredFile, 'name' | 'remedy'> = {
  name: checkpointName,
  remedy: 'Choose another epoch: npx chromatune run show lists the checkpoints that are kept.',
};

const toProblem = ({ code, status, message, remedy }: DomainError): ColorizeProblem => ({
  code,
  status,
  message,
  ...(remedy && { remedy }),
});

const endedEarly = (how: string, stderr: string): ColorizeProblem => ({
  code: 'colorize_ended',
  status: 500,
  message: `The process that colours ended with ${how}.\n${stderr}`.trim(),
  remedy: 'Try again, or a smaller photograph: the trainer may have too little memory or time for it.',
});
