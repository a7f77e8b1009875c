import { type ChildEvent, type MetricName, type SpooledEvent, toMeasured } from '@chromatune/contracts';

/**
 * Events are sent together, at most this late. Each message costs supervisor, Postgres and API the same whatever it holds, so
 * that more of them would be taken from the steps of a small machine; a point is on screen well within a second all the same.
 */
const sendEveryMs = 400;

type Unnumbered = SpooledEvent extends infer E ? (E extends { seq: number } ? Omit<E, 'seq'> : never) : never;

/**
 * Numbers what an attempt reports and sends it in batches. The clock is looked at whenever something is reported, because
 * a timer cannot fire while TensorFlow computes.
 */
export class Reporter {
  private seq = 0;
  private batch: ChildEvent[] = [];
  private sentAt = Date.now();
  private aliveAt = 0;
  /** The newest step that was measured or begun. */
  lastStep = 0;

  constructor(
    private readonly send: (events: ChildEvent[]) => Promise<void>,
    private readonly now: () => Date = () => new Date(),
  ) {}

  report(event: Unnumbered): void {
    this.batch.push({ ...event, seq: ++this.seq } as SpooledEvent);
    this.sendWhenDue();
  }

  point(metric: MetricName, value: number, { step, epoch }: { step: number; epoch: number }): void {
    this.lastStep = step;
    const at = this.now().toISOString();
    this.report({ type: 'point', metric, step, epoch, value: toMeasured(value), at });
  }

  log(level: 'info' | 'warn' | 'error', message: string): void {
    this.report({ type: 'log', level, message: message.slice(0, 4000), at: this.now().toISOString() });
  }

  memoryMeasured(correction: number): void {
    this.batch.push({ type: 'memoryMeasured', correction });
    this.sendWhenDue();
  }

  /** Says at most once a second that the process is not hung. */
  alive(step: number): void {
    this.lastStep = step;
    if (Date.now() - this.aliveAt < 1000) return;
    this.aliveAt = Date.now();
    this.batch.push({ type: 'alive', step });
    this.sendWhenDue();
  }

  /** Sends what is waiting. Resolves when the operating system has taken it. */
  async flush(): Promise<void> {
    const events = this.batch;
    this.batch = [];
    this.sentAt = Date.now();
    if (events.length > 0) await this.send(events);
  }

  private sendWhenDue(): void {
    // A failed send means that the supervisor is gone, and with it this process: see `main.ts`.
    if (Date.now() - this.sentAt >= sendEveryMs) void this.flush().catch(() => undefined);
  }
}
