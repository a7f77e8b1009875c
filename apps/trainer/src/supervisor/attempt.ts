import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ChildEvent,
  datasetFiles,
  DomainError,
  type Environment,
  type Failure,
  lpipsFileName,
  type RunCommand,
  type SpooledEvent,
  weightsFileName,
} from '@chromatune/contracts';
import type { Claim, Database } from '@chromatune/database';
import { memoryShape } from '@chromatune/models/describe';
import { ObjectNotFound, type ObjectStore, ObjectStoreUnavailable } from '@chromatune/storage';
import type { Logger } from 'pino';
import { codeBug, ioFailure, isDiskFull } from '../failure-classes.js';
import { needsPerson, persist } from './back-off.js';
import { classifyExit } from './classify-exit.js';
import { attemptOfCheckpoint, Drain } from './drain.js';
import type { Meters } from './meters.js';
import { type CacheUse, digestOf, type ShardCache } from './shard-cache.js';
import { filesInDataOrder, type StoredFile, storedDatasetFile, storedWeights } from './data-files.js';
import { Spool } from './spool.js';
import { TrainingChild, UnreadableMessage } from './training-child.js';

export interface AttemptOptions {
  claim: Claim;
  trainerId: string;
  environment: Environment;
  /** Folder of all attempts. */
  attempts: string;
  childEntry: string;
  childEnv: Record<string, string | undefined>;
  spoolLimitBytes: number;
  hungSeconds: number;
  slotMemoryBytes: number;
  database: Database;
  store: ObjectStore;
  cache: ShardCache;
  meters: Meters;
  log: Logger;
}

export const attemptName = (runId: string, attempt: number) => `${runId}.${attempt}`;

/** How an attempt ends other than by the child's own last event. */
type Ending =
  | { type: 'fenced' }
  | { type: 'failed'; failure: Failure }
  | { type: 'released'; reason: string }
  | { type: 'lost'; reason: string };

/** A slow step is told from a hung one by the slowest seen: this many times as long. */
const hungFactor = 20;

/** One attempt in this trainer's care, from its claim to its last row. */
export class SupervisedAttempt {
  readonly runId: string;
  readonly number: number;
  readonly claimedAt = Date.now();
  private readonly log: Logger;
  private readonly folder: string;
  private readonly use: CacheUse;
  private readonly stopping = new AbortController();
  private spool!: Spool;
  private drain!: Drain;
  private child: TrainingChild | null = null;
  private childEnded = false;
  private asked: RunCommand = 'continue';
  private ending: Ending | null = null;
  /** What the last event of the child says, once it is in the spool. What becomes of a paused run is Postgres' to say. */
  private result: 'completed' | 'paused' | 'failed' | null = null;
  private step: number | null = null;
  private unsentFileBytes = 0;
  private heardAt = Date.now();
  private slowestMs = 0;
  private filesPending = 0;
  private diskFull = false;

  constructor(private readonly options: AttemptOptions) {
    const { claim, attempts, cache, trainerId, log } = options;
    this.runId = claim.run.id;
    this.number = claim.attempt;
    this.folder = join(attempts, attemptName(this.runId, this.number));
    this.use = cache.openUse(`${trainerId}.${attemptName(this.runId, this.number)}`);
    this.log = log.child({ runId: this.runId, attempt: this.number });
  }

  get name() {
    return attemptName(this.runId, this.number);
  }

  get pendingBytes() {
    return (this.spool?.pendingBytes ?? 0) + this.unsentFileBytes;
  }

  /** Whether it ended because this trainer's disk was full: the next one would, too. */
  get foundDiskFull() {
    return this.diskFull || (this.ending?.type === 'failed' && isDiskFull(this.ending.failure.message));
  }

  /** Resolves when nothing is left to do for this attempt here. Never rejects. */
  async run(): Promise<void> {
    try {
      await this.open();
      const resume = await this.fetchCheckpoint();
      const correction = await this.knownCorrection();
      if (!this.stopping.signal.aborted) await this.train(resume, correction);
      await this.conclude();
    } catch (error) {
      await this.giveUp(error);
    } finally {
      await this.cleanUp();
    }
  }

  /** What people want of the run, as the last lease renewal said. */
  obey(command: RunCommand): void {
    if (command === this.asked) return;
    this.log.info(`asked to ${command}`);
    this.asked = command;
    if (command === 'continue') return; // too late to go on: what it saved is queued again
    this.requestStop();
  }

  /** Saves a checkpoint and hands the run back, so that any trainer can go on with it. */
  release(reason: string): void {
    this.ending ??= { type: 'released', reason };
    this.requestStop();
  }

  /** Another attempt has taken over, or the run was taken away: whatever this one still does would be refused. */
  fence(): void {
    if (this.ending?.type === 'fenced' || this.childEnded) return; // what is left to drain will find out by itself
    this.log.warn('fenced: the lease was given to another attempt; ending the training process');
    this.ending = { type: 'fenced' };
    this.drain?.stop();
    this.requestStop();
    this.child?.kill();
  }

  /** Ends it at once. What is drained by now counts. */
  abandon(reason: string): void {
    this.ending ??= { type: 'released', reason };
    this.child?.kill();
    this.requestStop();
    this.drain?.stop();
  }

  /** Kills the training process; the run goes on from its last checkpoint. */
  kill(): void {
    this.child?.kill();
  }

  private requestStop(): void {
    this.stopping.abort();
    this.child?.send({ type: 'checkpointAndExit' });
  }

  private async open(): Promise<void> {
    const { database, store, meters } = this.options;
    await rm(this.folder, { recursive: true, force: true });
    await mkdir(this.folder, { recursive: true });
    this.spool = await Spool.open(this.folder);
    this.drain = new Drain({
      runId: this.runId,
      attempt: this.number,
      spool: this.spool,
      database,
      store,
      meters,
      log: this.log,
      onFenced: () => this.fence(),
      onCheckpoint: (bytes) => {
        this.unsentFileBytes -= bytes;
        void this.removeOldCheckpoints();
      },
    });
  }

  /** The newest checkpoint that is whole, or null to begin anew. One that is damaged is never tried again. */
  private async fetchCheckpoint(): Promise<{ path: string; step: number } | null> {
    const { claim, database, store } = this.options;
    const path = join(this.folder, 'resume.safetensors');
    let candidate = claim.resume;
    while (candidate !== null && !this.stopping.signal.aborted) {
      const { key, attempt, step, sha256 } = candidate;
      const isWhole = await this.whileStoreIsAway(() => store.download(key, path)).then(
        async () => (await digestOf(path)) === sha256,
        (error: unknown) => {
          if (error instanceof ObjectNotFound || this.stopping.signal.aborted) return false;
          throw error;
        },
      );
      if (isWhole) return { path, step };
      if (this.stopping.signal.aborted) return null;
      this.log.warn(
        { key },
        `the checkpoint of step ${step} is damaged or gone; going on from an earlier one`,
      );
      await database.checkpoints.markRemoved(this.runId, attempt, step);
      candidate = await database.checkpoints.latest(this.runId);
    }
    return null;
  }

  private async train(
    resume: { path: string; step: number } | null,
    correction: number | null,
  ): Promise<void> {
    const { claim, childEntry, childEnv, environment } = this.options;
    this.child = new TrainingChild({
      entry: childEntry,
      cwd: this.folder,
      env: { ...childEnv, TMPDIR: this.folder }, // what a killed process leaves there is removed with it
      onEvents: (events) => this.receive(events),
      onOutput: (text) => this.log.debug({ output: text.trimEnd() }, 'training process wrote'),
    });
    this.log.info({ pid: this.child.pid, fromStep: resume?.step ?? 0 }, 'training begins');
    this.child.send({
      type: 'start',
      assignment: {
        runId: this.runId,
        attempt: this.number,
        recipe: claim.recipe,
        manifest: claim.manifest,
        workFolder: this.folder,
        resumeFrom: resume?.path ?? null,
        environment,
        microBatch: claim.microBatch,
        memory: { limitBytes: this.options.slotMemoryBytes, correction },
      },
    });
    const epoch = Math.floor(claim.resume?.epoch ?? 0);
    void this.options.cache.prefetch(filesInDataOrder(claim, epoch), this.stopping.signal);
    void this.removeUnknownCheckpoints();
    this.heardAt = Date.now();
    const watchdog = setInterval(() => this.endIfHung(), Math.min(10_000, this.options.hungSeconds * 250));
    try {
      const exit = await this.child.closed;
      if (this.result === null && this.ending === null) this.ending = this.judge(exit);
    } finally {
      clearInterval(watchdog);
      this.childEnded = true;
    }
  }

  private judge(exit: Awaited<TrainingChild['closed']>): Ending {
    const judged = classifyExit({ ...exit, step: this.step });
    if ('failure' in judged) return { type: 'failed', failure: judged.failure };
    return { type: 'lost', reason: judged.lost };
  }

  /** Without it the training process measures by itself, where that matters. */
  private async knownCorrection(): Promise<number | null> {
    const { claim, environment, database, trainerId } = this.options;
    const shape = memoryShape(claim.recipe, environment);
    try {
      return (await database.memoryCorrections.find(trainerId, [shape])).get(shape) ?? null;
    } catch (error) {
      this.log.warn({ err: error }, 'cannot read what such steps took of the memory');
      return null;
    }
  }

  private keepCorrection(correction: number): void {
    const { claim, environment, database, trainerId } = this.options;
    database.memoryCorrections
      .put(trainerId, memoryShape(claim.recipe, environment), correction)
      .catch((error: unknown) =>
        this.log.warn({ err: error }, 'cannot keep what the steps took of the memory'),
      );
  }

  private async receive(events: ChildEvent[]): Promise<void> {
    this.slowestMs = Math.max(this.slowestMs, Date.now() - this.heardAt);
    this.heardAt = Date.now();
    const kept: SpooledEvent[] = [];
    for (const event of events) {
      if (event.type === 'needFiles') void this.provideFiles(event.names);
      else if (event.type === 'alive') this.step = event.step;
      else if (event.type === 'memoryMeasured') this.keepCorrection(event.correction);
      else kept.push(event);
    }
    if (kept.length === 0) return;
    await this.spool.append(kept).catch((error: Error) => {
      this.ending ??= { type: 'failed', failure: { ...ioFailure(error.message), step: this.step } };
      throw error;
    });
    for (const event of kept) this.note(event);
    this.drain.wake();
    if (this.pendingBytes > this.options.spoolLimitBytes && this.ending === null) {
      this.log.error(
        { pendingBytes: this.pendingBytes },
        'the spool is full: training stops until it has drained',
      );
      this.release('The spool was full: Postgres or the object store took nothing for too long.');
    }
  }

  private note(event: SpooledEvent): void {
    if (event.type === 'point') this.step = event.step;
    else if (event.type === 'checkpoint') this.unsentFileBytes += event.checkpoint.bytes;
    else if (event.type === 'finished') this.result = event.outcome;
    else if (event.type === 'failed') {
      this.result = 'failed';
      this.diskFull = isDiskFull(event.failure.message);
    } else if (event.type === 'log') this.log[event.level](event.message);
  }

  private async provideFiles(names: string[]): Promise<void> {
    const known = new Map(filesOf(this.options.claim).map((file) => [file.name, file]));
    this.filesPending += 1;
    try {
      const wanted = names.map((name) => {
        const file = known.get(name);
        if (!file) throw new Error(`The training process asked for ${name}, which its run does not have.`);
        return file;
      });
      this.child?.send({ type: 'files', paths: await this.fetchFiles(wanted) });
    } catch (error) {
      if (this.stopping.signal.aborted && !needsPerson(error)) {
        this.ending ??= { type: 'released', reason: 'Stopped while it waited for its dataset.' };
        this.child?.kill(); // it waits for files that will not come, and hears no command
        return;
      }
      this.ending ??= { type: 'failed', failure: failureOfFiles(error, this.step) };
      this.child?.kill();
    } finally {
      this.filesPending -= 1;
      this.heardAt = Date.now();
    }
  }

  /** Once it has trained, after a stop, too: with them it gets to its next step, and saves what it has learned. */
  private fetchFiles(wanted: StoredFile[]): Promise<Record<string, string>> {
    const fetch = () => this.use.files(wanted);
    return this.stopping.signal.aborted && this.step !== null ? fetch() : this.whileStoreIsAway(fetch);
  }

  private whileStoreIsAway<T>(work: () => Promise<T>): Promise<T> {
    return persist(work, {
      signal: this.stopping.signal,
      mayPass: (error) => error instanceof ObjectStoreUnavailable,
      onFailure: (error, failures) => {
        if (failures % 20 === 1) this.log.warn({ err: error, failures }, 'waiting for the object store');
      },
    });
  }

  private endIfHung(): void {
    const limitMs = Math.max(this.options.hungSeconds * 1000, hungFactor * this.slowestMs);
    const silentMs = Date.now() - this.heardAt;
    if (this.filesPending > 0 || silentMs < limitMs || this.ending !== null) return;
    this.ending = {
      type: 'failed',
      failure: {
        class: 'hungStep',
        message: `The training process said nothing for ${Math.round(silentMs / 1000)} s.`,
        remedy:
          'Resume the run. If it hangs at the same step again, take a smaller batch, or raise HUNG_SECONDS.',
        step: this.step,
      },
    };
    this.log.error('the training process hangs; ending it');
    this.child?.kill();
  }

  /** Brings the end of the attempt to Postgres. */
  private async conclude(): Promise<void> {
    const ending = this.ending;
    if (ending?.type === 'fenced') return this.count('fenced');
    const last: SpooledEvent[] =
      this.result === null && ending?.type === 'failed'
        ? [{ type: 'failed', seq: this.spool.lastSeq + 1, failure: ending.failure }]
        : [];
    if ((await this.drain.finish(last)) === 'fenced') return this.count('fenced');

    if (this.result !== null) return this.count(this.result);
    if (ending?.type === 'failed') return this.count('failed');
    if (ending?.type === 'lost') return this.handBack('lost', ending.reason);
    return this.handBack('released', ending?.reason ?? 'Stopped before training began.');
  }

  private async handBack(state: 'lost' | 'released', reason: string): Promise<void> {
    this.count(state);
    this.log[state === 'lost' ? 'warn' : 'info'](`${state}: ${reason}`);
    await persist(
      () => this.options.database.runs.release({ runId: this.runId, attempt: this.number, state, reason }),
      {
        signal: AbortSignal.timeout(60_000),
        mayPass: (error) => !needsPerson(error),
        onFailure: (error) => this.log.debug({ err: error }, 'cannot hand the run back yet'),
      },
    );
  }

  /** An error of the supervisor's own, or one that no retry cures. Without a hand-back the lease runs out: no harm. */
  private async giveUp(error: unknown): Promise<void> {
    this.child?.kill();
    await this.child?.closed.catch(() => undefined);
    if (this.ending?.type === 'fenced') return this.count('fenced');
    this.log.error({ err: error }, 'the attempt ends with an error');
    this.diskFull ||= isDiskFull((error as Error).message);
    const failure = this.ending?.type === 'failed' ? this.ending.failure : failureOf(error, this.step);
    try {
      if (failure !== null && this.drain) {
        await this.drain.finish([{ type: 'failed', seq: this.spool.lastSeq + 1, failure }]);
        this.count('failed');
      } else {
        await this.handBack(this.ending?.type === 'released' ? 'released' : 'lost', (error as Error).message);
      }
    } catch (second) {
      this.log.error({ err: second }, 'cannot hand the run back; its lease will run out');
    }
  }

  private count(end: string): void {
    this.options.meters.attempts.inc({ end });
    this.log.info(`attempt ended: ${end}`);
  }

  private async cleanUp(): Promise<void> {
    this.stopping.abort(); // no more fetching ahead
    this.drain?.stop();
    await this.use.end().catch(() => undefined);
    await this.spool?.close().catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true }).catch((error: unknown) =>
      this.log.warn({ err: error }, 'cannot remove the work folder'),
    );
  }

  /** Those that earlier attempts uploaded and, killed or fenced, never wrote to Postgres: now they may not any more. */
  private async removeUnknownCheckpoints(): Promise<void> {
    if (this.number === 1) return;
    const { database, store } = this.options;
    try {
      const known = new Set((await database.checkpoints.ofRun(this.runId)).map(({ key }) => key));
      for await (const { key } of store.list(`runs/${this.runId}/`)) {
        const attempt = attemptOfCheckpoint(key);
        if (attempt !== null && attempt < this.number && !known.has(key)) await store.remove(key);
      }
    } catch (error) {
      this.log.debug({ err: error }, 'unknown checkpoints of earlier attempts stay for now');
    }
  }

  private async removeOldCheckpoints(): Promise<void> {
    const { database, store } = this.options;
    try {
      for (const checkpoint of await database.checkpoints.removable(this.runId)) {
        await store.remove(checkpoint.key);
        await database.checkpoints.markRemoved(this.runId, checkpoint.attempt, checkpoint.step);
      }
    } catch (error) {
      this.log.debug({ err: error }, 'old checkpoints stay for now');
    }
  }
}

/** All that a training process may ask for. */
const filesOf = ({ manifest, weights, lpips }: Claim): StoredFile[] => [
  ...datasetFiles(manifest).map(storedDatasetFile),
  ...(weights ? [storedWeights(weightsFileName, weights)] : []),
  ...(lpips ? [storedWeights(lpipsFileName, lpips)] : []),
];

function failureOfFiles(error: unknown, step: number | null): Failure {
  const { message } = error as Error;
  const isContent =
    error instanceof DomainError && (error.code === 'missing_file' || error.code === 'corrupt_file');
  if (!isContent) return { ...ioFailure(message), step };
  return { class: 'corruptShard', message, remedy: error.remedy!, step };
}

/** Expected errors fail the run with their remedy; any other hands it back, to be tried again a few times. */
function failureOf(error: unknown, step: number | null): Failure | null {
  if (error instanceof UnreadableMessage) return { ...codeBug(error.message), step };
  if (!needsPerson(error)) return null;
  return { class: 'io', message: error.message, remedy: error.remedy ?? 'Resume the run.', step };
}
