import { runState } from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { InjectDatabase } from '../config/connections.js';
import { LiveService } from '../live/live.service.js';
import { Scheduler } from '../scheduler/scheduler.js';

/** What Prometheus is told. Values are read when it asks; a database that is away leaves its gauges out. */
@Injectable()
export class MetricsRegistry {
  private readonly registry = new Registry();

  constructor(
    @InjectDatabase() private readonly database: Database,
    live: LiveService,
    scheduler: Scheduler,
  ) {
    // A look at the event loop every 10 ms, as is the default, takes a per cent of a core on its own.
    const eventLoopMonitoringPrecision = 100;
    const prefix = 'chromatune_api_';
    collectDefaultMetrics({ register: this.registry, prefix, eventLoopMonitoringPrecision });
    this.gauge('chromatune_live_clients', 'Open live connections.', () => live.clientCount);
    this.gauge('chromatune_scheduler_leads', '1 when this replica leads.', () => Number(scheduler.isLeader));
    this.addRuns();
    this.addTrainers();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  render(): Promise<string> {
    return this.registry.metrics();
  }

  private gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  private addRuns(): void {
    const { database } = this;
    new Gauge({
      name: 'chromatune_runs',
      help: 'Runs of sweeps by state.',
      labelNames: ['state'],
      registers: [this.registry],
      async collect() {
        this.reset(); // while Postgres is away nothing is said, rather than 0
        const sweeps = await database.sweeps.list().catch(() => null);
        if (!sweeps) return;
        for (const state of runState.options) {
          this.set(
            { state },
            sweeps.reduce((sum, { runsByState }) => sum + (runsByState[state] ?? 0), 0),
          );
        }
      },
    });
  }

  private addTrainers(): void {
    const { database } = this;
    new Gauge({
      name: 'chromatune_trainer_slots',
      help: 'Slots of trainers that are online.',
      labelNames: ['pool', 'engine'],
      registers: [this.registry],
      async collect() {
        this.reset();
        const trainers = await database.trainers.list().catch(() => []);
        for (const { online, pool, environment, slots } of trainers) {
          if (online) this.inc({ pool, engine: environment.engine }, slots);
        }
      },
    });
  }
}
