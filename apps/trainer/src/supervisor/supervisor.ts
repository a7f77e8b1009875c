import { statfs } from 'node:fs/promises';
import { type DomainError, type Environment, type RunCommand } from '@chromatune/contracts';
import type { Database, Lease, QueuedRun } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import type { Logger } from 'pino';
import type { TrainerConfig } from '../config/trainer-environment.js';
import { attemptName, SupervisedAttempt } from './attempt.js';
import { backOff, needsPerson } from './back-off.js';
import type { Meters } from './meters.js';
import type { ShardCache } from './shard-cache.js';

export interface SupervisorOptions {
  config: Pick<
    TrainerConfig,
    | 'TRAINER_POOL'
    | 'LEASE_SECONDS'
    | 'RENEW_SECONDS'
    | 'POLL_SECONDS'
    | 'SPOOL_LIMIT_BYTES'
    | 'HUNG_SECONDS'
    | 'SHUTDOWN_GRACE_SECONDS'
  >;
  trainerId: string;
  environment: Environment;
  slots: number;
  /** What one slot may use. */
  slotMemoryBytes: number;
  /** Folder of the attempts' work folders. */
  attempts: string;
  childEntry: string;
  /** Environment variables of the training process in a slot, counted from 0. */
  childEnv: (slot: number) => Record<string, string | undefined>;
  database: Database;
  /** Makes this trainer known to Postgres, at its start and whenever Postgres has forgotten it. */
  register: () => Promise<unknown>;
  store: ObjectStore;
  cache: ShardCache;
  meters: Meters;
  log: Logger;
  /** Of the disk of a folder. */
  freeBytes?: (folder: string) => Promise<number>;
}

/** Somebody has made room when there is this much more of it than when the disk was full. */
const roomBytes = 64 * 1024 * 1024;
/** Runs whose refusal is remembered. */
const mostSaid = 1000;

/** Keeps this trainer's slots busy and its leases renewed. Knows nothing of the queue: whoever hears of work calls `offer`. */
export class Supervisor {
  private readonly slots: ('free' | 'claiming' | SupervisedAttempt)[];
  private readonly orphans = new Map<string, number>();
  /** Why runs could not begin, so that it is said once. */
  private readonly said = new Map<string, string>();
  /** What was free when an attempt failed because the disk was full, null when none has, or there is room again. */
  private freeWhenFull: number | null = null;
  private draining = false;
  private closing = false;
  private closed = false;
  private renewing: Promise<void> | null = null;
  private renewAgain = false;
  private renewedAt = Date.now();
  private renewTimer: NodeJS.Timeout | undefined;
  private pollTimer: NodeJS.Timeout | undefined;
  private filling: Promise<void> | null = null;
  private waiting: (() => void)[] = [];

  constructor(private readonly options: SupervisorOptions) {
    this.slots = Array.from({ length: options.slots }, () => 'free' as const);
    options.meters.slots.set(options.slots);
  }

  start(): void {
    this.renewTimer = setTimeout(() => void this.renew(), this.options.config.RENEW_SECONDS * 1000);
    this.poll();
  }

  get attempts(): SupervisedAttempt[] {
    return this.slots.filter((slot) => slot instanceof SupervisedAttempt);
  }

  get hasFreeSlot(): boolean {
    return !this.draining && !this.closing && this.slots.includes('free');
  }

  /** For /health. */
  get state() {
    return {
      slots: this.slots.length,
      busy: this.attempts.length,
      draining: this.draining || this.closing,
      secondsSinceRenewal: (Date.now() - this.renewedAt) / 1000,
      pendingBytes: this.attempts.reduce((sum, attempt) => sum + attempt.pendingBytes, 0),
    };
  }

  /** Resolves when there is a free slot, and at the latest after `longestMs`. */
  async whenSlotIsFree(longestMs: number): Promise<void> {
    if (this.hasFreeSlot || this.closing) return;
    await new Promise<void>((resolve) => {
      const timeout = setTimeout(resolve, longestMs);
      this.waiting.push(() => {
        clearTimeout(timeout);
        resolve();
      });
    });
  }

  /** Tries to claim a run. False when there is no slot for it, or Postgres gave it to someone else. */
  async offer({ runId, attempt }: Pick<QueuedRun, 'runId' | 'attempt'>): Promise<boolean> {
    if (!(await this.hasRoom())) return false;
    const slot = this.hasFreeSlot ? this.slots.indexOf('free') : -1;
    if (slot === -1) return false;
    this.occupy(slot, 'claiming');
    try {
      const { database, trainerId, environment, config } = this.options;
      const leaseSeconds = config.LEASE_SECONDS;
      const claim = await database.runs.claim({ runId, attempt, trainerId, environment, leaseSeconds });
      if (claim === null) return this.refused(slot);
      const begun = new SupervisedAttempt({
        ...this.options,
        claim,
        childEnv: this.options.childEnv(slot),
        spoolLimitBytes: config.SPOOL_LIMIT_BYTES,
        hungSeconds: config.HUNG_SECONDS,
      });
      this.occupy(slot, begun);
      if (this.closing) begun.release('The trainer stops.');
      void begun.run().finally(() => this.leave(slot, begun));
      return true;
    } catch (error) {
      this.occupy(slot, 'free');
      throw error;
    }
  }

  /** Fills free slots from Postgres, which knows all queued runs whether or not Redis is there. */
  fillSlots(): Promise<void> {
    this.filling ??= this.fill()
      .catch((error: unknown) => this.options.log.debug({ err: error }, 'cannot look for queued runs'))
      .finally(() => (this.filling = null));
    return this.filling;
  }

  /** Renews all leases now, and obeys what the answer says. */
  renew(): Promise<void> {
    if (this.renewing !== null) {
      this.renewAgain = true;
      return this.renewing;
    }
    clearTimeout(this.renewTimer);
    this.renewing = this.renewOnce().finally(() => {
      this.renewing = null;
      if (this.renewAgain && !this.closed) void this.renew();
    });
    return this.renewing;
  }

  /** Takes no more runs, or takes them again. */
  setDraining(draining: boolean): void {
    if (draining === this.draining) return;
    this.draining = draining;
    this.options.log.info(draining ? 'draining: no more runs are taken' : 'runs are taken again');
    this.changed();
    void this.fillSlots();
  }

  /** Saves checkpoints and hands all runs back, within the grace time; what is left then is ended. */
  async shutDown(): Promise<void> {
    this.closing = true;
    this.changed();
    clearInterval(this.pollTimer);
    for (const attempt of this.attempts) attempt.release('The trainer stops.');
    const graceMs = this.options.config.SHUTDOWN_GRACE_SECONDS * 1000;
    const deadline = Date.now() + graceMs;
    // After half of the time a checkpoint will not come any more: the rest is for handing back what there is.
    const impatient = setTimeout(() => this.attempts.forEach((attempt) => attempt.kill()), graceMs * 0.6);
    await this.untilEmpty(deadline);
    clearTimeout(impatient);
    this.endNow();
    await this.untilEmpty(Date.now() + 3_000);
    this.closed = true;
    clearTimeout(this.renewTimer);
    await this.renewing;
  }

  /** Ends the training processes at once. Runs go on from their last checkpoints. */
  endNow(): void {
    this.closing = true;
    for (const attempt of this.attempts) attempt.abandon('The trainer was stopped at once.');
  }

  private async fill(): Promise<void> {
    if (!this.hasFreeSlot) return;
    const { database, config } = this.options;
    for (const { runId, attempt, pool } of await database.runs.queued()) {
      if (!this.hasFreeSlot) return;
      if (pool !== config.TRAINER_POOL) continue;
      await this.offer({ runId, attempt }).catch((error: unknown) => {
        if (!needsPerson(error)) throw error; // Postgres is away, and all others would fail too
        this.sayOnce(runId, error);
      });
    }
  }

  /** A run that cannot begin is found at every look. */
  private sayOnce(runId: string, error: DomainError): void {
    if (this.said.get(runId) === error.message) return;
    if (this.said.size >= mostSaid) this.said.clear();
    this.said.set(runId, error.message);
    this.options.log.warn({ runId, err: error }, 'cannot begin this run; others are taken');
  }

  private poll(): void {
    void this.fillSlots();
    this.pollTimer = setInterval(() => void this.fillSlots(), this.options.config.POLL_SECONDS * 1000);
  }

  private async renewOnce(): Promise<void> {
    const { database, trainerId, config, log, meters } = this.options;
    this.renewAgain = false;
    const askedAt = Date.now();
    let nextMs = config.RENEW_SECONDS * 1000;
    try {
      const leases = await database.runs.renew({ trainerId, leaseSeconds: config.LEASE_SECONDS });
      this.renewedAt = Date.now();
      this.follow(
        new Map(leases.map(({ runId, attempt, command }) => [attemptName(runId, attempt), command])),
        askedAt,
      );
      await this.handBackOrphans(leases);
      const heard = await database.trainers.heartbeat(trainerId);
      if (heard === null) await this.options.register();
      else this.setDraining(heard.draining);
    } catch (error) {
      const seconds = Math.round((Date.now() - this.renewedAt) / 1000);
      log.warn({ err: error, seconds }, 'cannot renew leases; training goes on');
      nextMs = Math.min(nextMs, 1000); // back before the leases run out, if it can be
    } finally {
      meters.leaseAge.set((Date.now() - this.renewedAt) / 1000);
      meters.spoolBytes.set(this.state.pendingBytes);
      clearTimeout(this.renewTimer);
      if (!this.closed) this.renewTimer = setTimeout(() => void this.renew(), nextMs);
    }
  }

  private follow(commands: Map<string, RunCommand>, askedAt: number): void {
    for (const attempt of this.attempts) {
      const command = commands.get(attempt.name);
      if (command !== undefined) attempt.obey(command);
      else if (attempt.claimedAt < askedAt) attempt.fence();
    }
  }

  /**
   * A claim whose answer was lost with its connection leaves an attempt that nobody trains, while this trainer renews its
   * lease. Seen in two renewals in a row, it is handed back.
   */
  private async handBackOrphans(leases: Lease[]): Promise<void> {
    const { database, log } = this.options;
    const known = new Set(this.attempts.map(({ name }) => name));
    const claiming = this.slots.includes('claiming');
    const strangers = leases.filter(({ runId, attempt }) => !known.has(attemptName(runId, attempt)));
    for (const name of this.orphans.keys()) {
      if (!strangers.some(({ runId, attempt }) => attemptName(runId, attempt) === name))
        this.orphans.delete(name);
    }
    for (const { runId, attempt } of strangers) {
      const name = attemptName(runId, attempt);
      const seen = (this.orphans.get(name) ?? 0) + 1;
      this.orphans.set(name, seen);
      if (seen < 2 || claiming) continue;
      log.warn({ runId, attempt }, 'claimed but not begun: handing it back');
      await database.runs.release({
        runId,
        attempt,
        state: 'released',
        reason: 'The answer to its claim was lost.',
      });
      this.orphans.delete(name);
    }
  }

  private refused(slot: number): false {
    this.occupy(slot, 'free');
    return false;
  }

  private async leave(slot: number, attempt: SupervisedAttempt): Promise<void> {
    if (attempt.foundDiskFull) await this.noteFullDisk();
    this.occupy(slot, 'free');
    if (!this.closing) void this.fillSlots();
  }

  /** Else each of the runs that wait would fail as often as it may, within minutes. */
  private async noteFullDisk(): Promise<void> {
    const { attempts, log } = this.options;
    this.freeWhenFull = await this.freeBytes();
    log.error(
      { folder: attempts, freeBytes: this.freeWhenFull },
      'the disk is full: no runs are taken until there is space',
    );
  }

  private async hasRoom(): Promise<boolean> {
    if (this.freeWhenFull === null) return true;
    if ((await this.freeBytes()) < this.freeWhenFull + roomBytes) return false;
    this.freeWhenFull = null;
    this.options.log.info('there is space on the disk: runs are taken again');
    return true;
  }

  private freeBytes(): Promise<number> {
    const { attempts, freeBytes = freeBytesOf } = this.options;
    return freeBytes(attempts).catch(() => 0);
  }

  private occupy(slot: number, by: 'free' | 'claiming' | SupervisedAttempt): void {
    this.slots[slot] = by;
    this.options.meters.busySlots.set(this.attempts.length);
    this.changed();
  }

  private changed(): void {
    if (this.hasFreeSlot || this.closing) for (const resume of this.waiting.splice(0)) resume();
  }

  private async untilEmpty(deadline: number): Promise<void> {
    while (this.slots.some((slot) => slot !== 'free') && Date.now() < deadline) await backOff(1);
  }
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
