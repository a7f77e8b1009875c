import type { Change, LiveEvent } from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import type { Subscription } from 'rxjs';
import { InjectDatabase, InjectSettings, type Settings } from '../config/connections.js';
import { ChangeFeed } from './change-feed.js';
import { LiveClient } from './live-client.js';
import { isWanted, type LiveFilter, wantsMeasurements, wantsRun } from './live-filter.js';
import { PointCursors } from './point-cursors.js';

const heartbeatMs = 15_000;
/** Runs whose sweep is remembered. */
const mostRuns = 10_000;

/**
 * Turns changes into messages for browsers. Changes are gathered for a moment, so that many runs which report at the same
 * time cost a few messages; each message is read from Postgres once, however many clients there are.
 */
@Injectable()
export class LiveService implements OnModuleInit, OnApplicationShutdown {
  private readonly clients = new Set<LiveClient>();
  private readonly cursors: PointCursors;
  private readonly sweepIds = new Map<string, string | null>();
  private gathered = new Map<string, Change>();
  private flushTimer: NodeJS.Timeout | null = null;
  private flushing: Promise<void> = Promise.resolve();
  private heartbeat: NodeJS.Timeout | null = null;
  private readonly subscriptions: Subscription[] = [];

  constructor(
    @InjectDatabase() private readonly database: Database,
    @InjectSettings() private readonly settings: Settings,
    private readonly feed: ChangeFeed,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(LiveService.name);
    this.cursors = new PointCursors(database);
  }

  onModuleInit(): void {
    this.subscriptions.push(
      this.feed.changes.subscribe((change) => this.gather(change)),
      this.feed.reconnects.subscribe(() => this.greetAll()),
    );
    this.heartbeat = setInterval(() => this.clients.forEach((client) => client.beat()), heartbeatMs);
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.heartbeat) clearInterval(this.heartbeat);
    if (this.flushTimer) clearTimeout(this.flushTimer);
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    await this.flushing;
  }

  /** Keeps the answer open and sends events until the client leaves. */
  open(response: Response, filter: LiveFilter): void {
    const client = new LiveClient(response, filter);
    this.clients.add(client);
    response.on('close', () => this.clients.delete(client));
    client.send(hello());
  }

  /** Ends every open answer: a server that closes waits for them otherwise. */
  closeClients(): void {
    for (const client of this.clients) client.close();
  }

  get clientCount(): number {
    return this.clients.size;
  }

  private gather(change: Change): void {
    if (change.type === 'command') return;
    this.gathered.set(keyOf(change), change);
    this.flushTimer ??= setTimeout(() => {
      this.flushTimer = null;
      this.flushing = this.flushing.then(() => this.flush());
    }, this.settings.LIVE_INTERVAL_MS);
  }

  /** One message a changed thing. A failed read costs its message only: clients see the gap and fetch. */
  private async flush(): Promise<void> {
    const changes = [...this.gathered.values()];
    this.gathered = new Map();
    await this.attempt(() => this.broadcastRuns(changes.filter((change) => change.type === 'run')));
    for (const change of changes) await this.attempt(() => this.broadcastChange(change));
  }

  private async attempt(broadcast: () => Promise<void>): Promise<void> {
    try {
      await broadcast();
    } catch (error) {
      this.logger.warn({ err: error }, 'a live message could not be made');
    }
  }

  private async broadcastChange(change: Change): Promise<void> {
    switch (change.type) {
      case 'points':
        return this.broadcastPoints(change.runId, change.attempt, change.lastSeq);
      case 'sample':
        return this.broadcastSample(change.runId, change.attempt, change.epoch);
      case 'sweep':
        return this.broadcast({ type: 'sweep', sweepId: change.sweepId }, change.sweepId);
      case 'trainers':
      case 'datasets':
        return this.broadcast({ type: change.type }, null);
      case 'run': // all at once, in broadcastRuns
      case 'command': // between the API and trainers
        return;
    }
  }

  private async broadcastRuns(changes: Extract<Change, { type: 'run' }>[]): Promise<void> {
    const ids = changes
      .filter(({ runId, sweepId }) => this.clientsWant((filter) => wantsRun(filter, runId, sweepId)))
      .map(({ runId }) => runId);
    if (ids.length === 0) return;
    for (const run of await this.database.runs.list({ ids }))
      this.broadcast({ type: 'run', run }, run.sweepId);
  }

  private async broadcastPoints(runId: string, attempt: number, lastSeq: number): Promise<void> {
    const sweepId = await this.sweepOf(runId);
    if (!this.isWatched(runId, sweepId)) return this.cursors.forget(runId, attempt);
    const delta = await this.cursors.next(runId, attempt, lastSeq);
    if (delta) this.broadcast({ type: 'points', runId, attempt, ...delta }, sweepId);
  }

  private async broadcastSample(runId: string, attempt: number, epoch: number): Promise<void> {
    const sweepId = await this.sweepOf(runId);
    if (!this.isWatched(runId, sweepId)) return;
    const sample = await this.database.samples.find(runId, attempt, epoch);
    if (sample) this.broadcast({ type: 'sample', sample }, sweepId);
  }

  private isWatched(runId: string, sweepId: string | null): boolean {
    return this.clientsWant((filter) => wantsMeasurements(filter, runId, sweepId));
  }

  private clientsWant(wants: (filter: LiveFilter) => boolean): boolean {
    return [...this.clients].some(({ filter }) => wants(filter));
  }

  private broadcast(event: LiveEvent, sweepId: string | null): void {
    for (const client of this.clients) if (isWanted(client.filter, event, sweepId)) client.send(event);
  }

  private greetAll(): void {
    this.cursors.clear();
    for (const client of this.clients) client.send(hello());
  }

  /** A run never changes its sweep, so it is asked once. */
  private async sweepOf(runId: string): Promise<string | null> {
    if (this.clients.size === 0) return null;
    const known = this.sweepIds.get(runId);
    if (known !== undefined) return known;
    const [run] = await this.database.runs.list({ ids: [runId] });
    const sweepId = run?.sweepId ?? null;
    if (this.sweepIds.size >= mostRuns) this.sweepIds.clear(); // those that report are asked again
    this.sweepIds.set(runId, sweepId);
    return sweepId;
  }
}

const hello = (): LiveEvent => ({ type: 'hello', at: new Date().toISOString() });

/** Changes of the same thing replace each other: the later one tells all. */
function keyOf(change: Change): string {
  switch (change.type) {
    case 'run':
    case 'command':
      return `${change.type} ${change.runId}`;
    case 'points':
      return `points ${change.runId} ${change.attempt}`;
    case 'sample':
      return `sample ${change.runId} ${change.attempt} ${change.epoch}`;
    case 'sweep':
      return `sweep ${change.sweepId}`;
    case 'trainers':
    case 'datasets':
      return change.type;
  }
}
