import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { nodeFlags } from './node-flags.js';
import { type Ready, type StepJob, stepperState, type Turn, turn } from './step-job.js';

const ourProgram = fileURLToPath(new URL('./children/take-steps.js', import.meta.url));

/** A process that trains one network in one way when it is its turn: the bare loop, without data or supervisor. */
export class Stepper {
  /** What it said when it was ready. */
  ready: Ready = { ready: '', preparationSeconds: NaN };
  private readonly lines: AsyncIterator<string, undefined>;
  private readonly ended: Promise<unknown[]>;
  private errors = '';

  /** TensorFlow greets at each start; what it says is shown only when the process ends early. */
  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    this.lines = createInterface(child.stdout)[Symbol.asyncIterator]() as AsyncIterator<string, undefined>;
    this.ended = once(child, 'close');
    this.ended.catch(() => undefined); // it did not even start: `answer` says so
    child.stdin.on('error', () => undefined); // it ended: the answer that does not come says so
    child.stderr.on('data', (chunk: Buffer) => (this.errors = (this.errors + chunk.toString()).slice(-4000)));
  }

  /** Ours, or TensorFlow.js as it comes. */
  static start(job: StepJob): Promise<Stepper | { unavailable: string }> {
    return Stepper.startProgram(process.execPath, [...nodeFlags, ourProgram, JSON.stringify(job)]);
  }

  /**
   * Any program that speaks the protocol of step-job.ts, a JSON object a line. Resolves when it has built the network and
   * warmed up; to the reason when that is not possible here.
   */
  static async startProgram(command: string, args: string[]): Promise<Stepper | { unavailable: string }> {
    const stepper = new Stepper(spawn(command, args));
    const state = stepperState.parse(await stepper.answer());
    if (!('ready' in state)) return state;
    stepper.ready = state;
    return stepper;
  }

  /** Steps of about so many seconds. */
  async turn(seconds: number): Promise<Turn> {
    const answer = this.answer();
    this.child.stdin.write(`${JSON.stringify({ seconds })}\n`);
    return turn.parse(await answer);
  }

  stop(): void {
    this.child.stdin.end();
  }

  /** Its next line that is JSON: libraries greet on stdout, too. */
  private async answer(): Promise<unknown> {
    for (;;) {
      const { value: line, done } = await this.lines.next();
      if (done) break;
      if (line.startsWith('{')) return JSON.parse(line);
    }
    const code = this.child.exitCode ?? this.child.signalCode ?? (await this.ended)[0];
    throw new Error(`The process that takes steps ended with ${code}:\n${this.errors}`);
  }
}
