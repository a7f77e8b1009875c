import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type ColorizeProblem, colorizeSeconds } from '@chromatune/contracts';
import { type ColorizeOutcome, colorizeOutcome, type ColorizeWork } from '../training/colorize-messages.js';

export interface ColorizeProcessOptions {
  /** The compiled `training/colorize.js`. */
  entry: string;
  env: Record<string, string | undefined>;
  /** Loading TensorFlow takes longer than a photograph, so the process waits for the next one, at most this long. */
  keptMs?: number;
}

/** The process that colours photographs, forked when there is one. */
export class ColorizeProcess {
  private child: ChildProcess | null = null;
  private stderr = '';
  private idle: NodeJS.Timeout | undefined;

  constructor(private readonly options: ColorizeProcessOptions) {}

  /** One at a time. A process that ends or hangs is a problem of this photograph; the next one gets a new process. */
  async run(work: ColorizeWork): Promise<ColorizeOutcome> {
    clearTimeout(this.idle);
    const child = (this.child ??= this.start());
    const timeout = setTimeout(() => child.kill('SIGKILL'), colorizeSeconds * 1000);
    try {
      return await this.answerOf(child, work);
    } finally {
      clearTimeout(timeout);
      this.idle = setTimeout(() => this.stop(), this.options.keptMs ?? 20_000);
      this.idle.unref();
    }
  }

  /** Ends it at once. */
  stop(): void {
    clearTimeout(this.idle);
    this.child?.kill('SIGKILL');
    this.child = null;
  }

  /** Process id, null while there is none. */
  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  private start(): ChildProcess {
    const { entry, env } = this.options;
    const child = fork(entry, [], { env, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.stderr = '';
    child.stderr!.on(
      'data',
      (chunk: Buffer) => (this.stderr = (this.stderr + chunk.toString()).slice(-4000)),
    );
    child.once('close', () => {
      if (this.child === child) this.child = null;
    });
    return child;
  }

  private async answerOf(child: ChildProcess, work: ColorizeWork): Promise<ColorizeOutcome> {
    const answered = new AbortController(); // takes off the listeners of this photograph
    const first = (event: string) => once(child, event, { signal: answered.signal });
    try {
      const answer = Promise.race([
        first('message').then(([message]) => colorizeOutcome.parse(message)),
        first('close').then(([code, signal]) => endedEarly(String(signal ?? `code ${code}`), this.stderr)),
      ]);
      child.send(work, () => undefined); // one that is gone already is seen by `close`
      return await answer;
    } finally {
      answered.abort();
    }
  }
}

const endedEarly = (how: string, stderr: string): ColorizeProblem => ({
  code: 'colorize_ended',
  status: 500,
  message: `The process that colours ended with ${how}.\n${stderr}`.trim(),
  remedy: 'Try again, or a smaller photograph: the trainer may have too little memory or time for it.',
});
