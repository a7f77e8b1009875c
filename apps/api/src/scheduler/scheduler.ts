import type { Database, Leadership } from '@chromatune/database';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import type { Subscription } from 'rxjs';
import { InjectDatabase, InjectSettings, type Settings } from '../config/connections.js';
import { ChangeFeed } from '../live/change-feed.js';
import { SchedulerDuties } from './duties.js';
import { WakeUp } from './wake-up.js';

/**
 * One API replica at a time leads, by an advisory lock of Postgres. The leader looks at all duties every second and after
 * changes. A look is complete in itself: whatever was missed or failed is made up for by the next one.
 */
@Injectable()
export class Scheduler implements OnApplicationBootstrap, OnApplicationShutdown {
  private leadership: Leadership | null = null;
  private isStopping = false;
  private loop: Promise<void> = Promise.resolve();
  private readonly wakeUp = new WakeUp();
  private subscription: Subscription | null = null;

  constructor(
    @InjectDatabase() private readonly database: Database,
    @InjectSettings() private readonly settings: Settings,
    private readonly duties: SchedulerDuties,
    private readonly feed: ChangeFeed,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(Scheduler.name);
  }

  get isLeader(): boolean {
    return this.leadership !== null;
  }

  onApplicationBootstrap(): void {
    this.subscription = this.feed.changes.subscribe(({ type }) => {
      if (type === 'sweep') this.wakeUp.now(); // runs report many times a second, and say so when they end or wait
    });
    this.loop = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    this.subscription?.unsubscribe();
    this.wakeUp.now();
    await this.loop;
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      if (await this.lead()) await this.duties.look(() => this.isLeader && !this.isStopping);
      await this.wakeUp.wait(this.settings.SCHEDULER_INTERVAL_MS);
    }
    await this.leadership?.release().catch(() => {}); // the server releases it with the connection
  }

  /** Whether this replica leads now. */
  private async lead(): Promise<boolean> {
    if (this.leadership) return true;
    try {
      this.leadership = await this.database.tryLeadership('scheduler');
    } catch {
      return false; // Postgres is away: health says so, and the next look tries again
    }
    if (!this.leadership) return false;
    this.logger.info('leads the scheduler');
    void this.leadership.lost.then(() => {
      if (!this.isStopping) this.logger.warn('lost the lead of the scheduler');
      this.leadership = null;
    });
    return true;
  }
}
