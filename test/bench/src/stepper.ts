import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type StepJob, stepperState, type Turn, turn } from './step-job.js';

const program = fileURLToPath(new URL('./children/take-steps.js', import.meta.url));

/** A process that trains one network on one engine when it is its turn: the bare loop, without data or supervisor. */
export class Stepper {
  private errors = '';

  /** TensorFlow greets at each start; what it says is shown only when the process ends early. */
  private constructor(private readonly child: ChildProcess) {
    child.stderr!.on(
      'data',
      (chunk: Buffer) => (this.errors = (this.errors + chunk.toString()).slice(-4000)),
    );
  }

  /** Resolves when it has built the network and warmed up; to the reason when there is no such engine here. */
  static async start(job: StepJob): Promise<Stepper | { unavailable: string }> {
    const stepper = new Stepper(fork(program, [JSON.stringify(job)], { silent: true }));
    const state = stepperState.parse(await stepper.answer());
    return 'ready' in state ? stepper : state;
  }

  /** Steps of about so many seconds. */
  async turn(seconds: number): Promise<Turn> {
    const answer = this.answer();
    this.child.send({ seconds });
    return turn.parse(await answer);
  }

  stop(): void {
    if (this.child.connected) this.child.disconnect();
  }

  private async answer(): Promise<unknown> {
    const over = new AbortController();
    const { signal } = over;
    try {
      return await Promise.race([
        once(this.child, 'message', { signal }).then(([message]: unknown[]) => message),
        once(this.child, 'exit', { signal }).then((how: unknown[]) => {
          throw new Error(`The process that takes steps ended with ${how.join(' ')}:\n${this.errors}`);
        }),
      ]);
    } finally {
      over.abort();
    }
  }
}
