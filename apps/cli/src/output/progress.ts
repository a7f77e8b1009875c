import cliProgress from 'cli-progress';
import type { Output } from './output.js';

/** Shows how far a long work is: a bar in a terminal, a line for each part elsewhere, nothing with --json. */
export class ProgressDisplay {
  private bar: cliProgress.SingleBar | null = null;
  private part = '';
  private isOver = false;

  constructor(private readonly output: Output) {}

  report = (done: number, total: number, what: string): void => {
    if (this.isOver) return;
    if (what !== this.part) this.begin(total, what);
    this.bar?.setTotal(total);
    this.bar?.update(Math.min(done, total));
  };

  /** For good: a straggler's report would begin a bar that nobody ends, and whose timer keeps the process alive. */
  stop(): void {
    this.bar?.stop();
    this.isOver = true;
  }

  private begin(total: number, what: string): void {
    this.bar?.stop();
    this.part = what;
    if (!this.output.isTerminal) return this.output.note(`${what} …`);
    this.bar = new cliProgress.SingleBar({
      stream: this.output.stderr as NodeJS.WritableStream,
      format: '{what}  {bar}  {percentage} %  {eta_formatted}',
      barCompleteChar: '━',
      barIncompleteChar: '─',
      barsize: 30,
      linewrap: true, // which, as the cursor, would stay switched off when the process is killed
      etaBuffer: 50,
      // Before the first part of a work is done, the time left is not a number.
      formatTime: (seconds, ...how) =>
        Number.isFinite(seconds) ? cliProgress.Format.TimeFormat(seconds, ...how) : '',
    });
    this.bar.start(total, 0, { what: what.padEnd(26) });
  }
}
