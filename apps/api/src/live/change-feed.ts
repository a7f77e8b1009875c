import type { Change } from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Subject } from 'rxjs';
import { InjectDatabase } from '../config/connections.js';

/** What Postgres says has changed, heard on one connection and passed on to whoever in this process wants to know. */
@Injectable()
export class ChangeFeed implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly changes = new Subject<Change>();
  /** The connection was lost for a while: changes may have been missed. */
  readonly reconnects = new Subject<void>();
  private stop: (() => Promise<void>) | null = null;

  constructor(
    @InjectDatabase() private readonly database: Database,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(ChangeFeed.name);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.stop = await this.database.listen(
      (change) => this.changes.next(change),
      () => {
        this.logger.info('hears Postgres again, clients are told to look anew');
        this.reconnects.next();
      },
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stop?.();
  }
}
