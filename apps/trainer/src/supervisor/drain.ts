import { rm } from 'node:fs/promises';
import type { SpooledEvent } from '@chromatune/contracts';
import { type AppliedEvent, type AttemptReports, DatabaseUnavailable } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import type { Logger } from 'pino';
import { persist } from './back-off.js';
import type { Meters } from './meters.js';
import type { Spool } from './spool.js';

/** Refused this often in a row although Postgres answers: it will refuse for ever. */
const refusalsBelieved = 12;
const complainEvery = 20;
/** Between the beginnings of two drains: halves the work for Postgres, and a point is still on screen well within 1 s. */
const paceMs = 150;

export interface DrainOptions {
  runId: string;
  attempt: number;
  spool: Spool;
  database: {
    runs: { reportsOf(attempt: { runId: string; attempt: number }): Pick<AttemptReports, 'apply'> };
    ping(): Promise<void>;
  };
  store: Pick<ObjectStore, 'put'>;
  meters: Meters;
  log: Logger;
  /** Called when the attempt may write no more. */
  onFenced: () => void;
  /** Refusals in a row that are taken for the last word of a Postgres that answers. */
  patience?: number;
  /** Called when a checkpoint has arrived in the object store and in Postgres. */
  onCheckpoint: (bytes: number) => void;
}

export type DrainOutcome = 'applied' | 'fenced';

/**
 * Brings what is in a spool to Postgres, in order; files go to the object store first, so that no row names an object that
 * is not there. While either is away it tries again, for ever: training goes on meanwhile.
 */
export class Drain {
  private readonly stopped = new AbortController();
  private running: Promise<DrainOutcome> | null = null;
  private timer: NodeJS.Timeout | undefined;
  private beganAt = 0;
  private readonly reports: Pick<AttemptReports, 'apply'>;

  constructor(private readonly options: DrainOptions) {
    const { runId, attempt, database } = options;
    this.reports = database.runs.reportsOf({ runId, attempt });
  }

  /** To be called after an append. */
  wake(): void {
    if (this.running !== null || this.timer !== undefined || this.stopped.signal.aborted) return;
    this.timer = setTimeout(() => this.drainInBackground(), Math.max(0, this.beganAt + paceMs - Date.now()));
  }

  /**
   * Drains to the end, then applies `last`, which the supervisor has to say itself.
   * @throws the error that Postgres gives again and again, or an AbortError after `stop`
   */
  async finish(last: SpooledEvent[] = []): Promise<DrainOutcome> {
    while (this.options.spool.pendingBytes > 0) {
      if ((await this.drainNow()) === 'fenced') return 'fenced';
    }
    return last.length === 0 ? 'applied' : this.apply(last);
  }

  stop(): void {
    this.stopped.abort();
    clearTimeout(this.timer);
  }

  private drainInBackground(): void {
    this.timer = undefined;
    this.drainNow().then(
      (outcome) => {
        if (outcome === 'applied' && this.options.spool.pendingBytes > 0) this.wake();
      },
      (error: unknown) => {
        if (!this.stopped.signal.aborted) this.options.log.error({ err: error }, 'cannot drain the spool');
      },
    );
  }

  private drainNow(): Promise<DrainOutcome> {
    if (this.running === null) this.beganAt = Date.now();
    this.running ??= this.drainAll().finally(() => (this.running = null));
    return this.running;
  }

  private async drainAll(): Promise<DrainOutcome> {
    const { spool } = this.options;
    while (spool.pendingBytes > 0) {
      this.stopped.signal.throwIfAborted();
      const { events, drainedTo } = await spool.next();
      if ((await this.apply(events)) === 'fenced') {
        this.options.onFenced();
        return 'fenced';
      }
      await spool.markDrained(drainedTo);
      await removeFilesOf(events);
    }
    return 'applied';
  }

  /** Points before a file do not wait for its upload. */
  private async apply(events: SpooledEvent[]): Promise<DrainOutcome> {
    let together: AppliedEvent[] = [];
    for (const event of events) {
      if (event.type === 'sample' || event.type === 'checkpoint') {
        if ((await this.write(together)) === 'fenced') return 'fenced';
        together = [await this.upload(event)];
      } else {
        together.push(event);
      }
    }
    return this.write(together);
  }

  private async write(events: AppliedEvent[]): Promise<DrainOutcome> {
    if (events.length === 0) return 'applied';
    const { database, meters, patience = refusalsBelieved } = this.options;
    const outcome = await this.persist(
      'Postgres',
      () => this.reports.apply(events),
      async (error, failures) =>
        failures < patience ||
        error instanceof DatabaseUnavailable || // its disk may be full, and it answers all the same
        !(await database.ping().then(
          () => true,
          () => false,
        )),
    );
    if (outcome === 'fenced') return 'fenced';
    meters.events.inc(events.length);
    for (const event of events) {
      if (event.type === 'checkpoint') this.options.onCheckpoint(event.checkpoint.bytes);
    }
    return 'applied';
  }

  private async upload(
    event: Extract<SpooledEvent, { type: 'sample' | 'checkpoint' }>,
  ): Promise<AppliedEvent> {
    const key = this.keyOf(event);
    await this.persist('the object store', async () => {
      try {
        await this.options.store.put(key, { path: event.file });
      } catch (error) {
        // Files are removed after their row is written: this row is, and only the cursor was lost.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    });
    const { file: _, ...applied } = event;
    return { ...applied, key } as AppliedEvent;
  }

  private keyOf(event: Extract<SpooledEvent, { type: 'sample' | 'checkpoint' }>): string {
    const root = `runs/${this.options.runId}/${this.options.attempt}`;
    return event.type === 'sample'
      ? `${root}/samples/epoch-${event.sample.epoch}.png`
      : `${root}/checkpoints/step-${event.checkpoint.step}.safetensors`;
  }

  private persist<T>(
    where: string,
    work: () => Promise<T>,
    mayPass: (error: unknown, failures: number) => boolean | Promise<boolean> = () => true,
  ): Promise<T> {
    return persist(work, {
      signal: this.stopped.signal,
      mayPass,
      onFailure: (error, failures) => {
        if (failures % complainEvery !== 1) return;
        const pendingBytes = this.options.spool.pendingBytes;
        this.options.log.warn(
          { err: error, failures, pendingBytes },
          `${where} takes nothing; the spool keeps it`,
        );
      },
    });
  }
}

/** Null for the key of anything else than a checkpoint. */
export function attemptOfCheckpoint(key: string): number | null {
  const attempt = /^runs\/[^/]+\/(\d+)\/checkpoints\//.exec(key)?.[1];
  return attempt === undefined ? null : Number(attempt);
}

async function removeFilesOf(events: SpooledEvent[]): Promise<void> {
  for (const event of events) {
    if (event.type === 'sample' || event.type === 'checkpoint') await rm(event.file, { force: true });
  }
}
