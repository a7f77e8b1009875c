import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

/** What `/metrics` shows. One set a trainer, so that several can live in one process. */
export class Meters {
  readonly registry = new Registry();
  readonly slots = this.gauge('chromatune_trainer_slots', 'Runs that can be trained side by side.');
  readonly busySlots = this.gauge('chromatune_trainer_busy_slots', 'Runs that are being trained.');
  readonly spoolBytes = this.gauge('chromatune_trainer_spool_bytes', 'Measured, and not yet in Postgres.');
  readonly leaseAge = this.gauge(
    'chromatune_trainer_lease_age_seconds',
    'Since the leases were last renewed.',
  );
  readonly events = this.counter('chromatune_trainer_events_total', 'Events brought to Postgres.');
  readonly attempts = this.counter('chromatune_trainer_attempts_total', 'Attempts by how they ended.', [
    'end',
  ]);
  readonly cache = this.counter(
    'chromatune_trainer_cache_files_total',
    'Cache look-ups by what came of them.',
    ['event'],
  );
  readonly cacheBytes = this.counter('chromatune_trainer_cache_bytes_total', 'Bytes of those files.', [
    'event',
  ]);

  constructor() {
    // A look at the event loop every 10 ms, as is the default, takes a per cent of a core from the training.
    const eventLoopMonitoringPrecision = 100;
    const prefix = 'chromatune_trainer_';
    collectDefaultMetrics({ register: this.registry, prefix, eventLoopMonitoringPrecision });
  }

  private gauge(name: string, help: string) {
    return new Gauge({ name, help, registers: [this.registry] });
  }

  private counter<Label extends string = never>(name: string, help: string, labelNames: Label[] = []) {
    return new Counter<Label>({ name, help, labelNames, registers: [this.registry] });
  }
}
