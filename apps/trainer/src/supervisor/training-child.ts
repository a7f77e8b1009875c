import { type ChildProcess, fork } from 'node:child_process';
import { type ChildCommand, type ChildEvent, childEvent } from '@chromatune/contracts';
import { z } from 'zod';
import { nodeFlags } from '../training/node-flags.js';
import { countOomKills } from './out-of-memory.js';

const childMessage = z.array(childEvent);
const stderrKept = 8000;

export interface TrainingChildOptions {
  entry: string;
  cwd: string;
  env: Record<string, string | undefined>;
  /** Called with each batch, one after the other. When it throws, the child is killed and `closed` rejects. */
  onEvents: (events: ChildEvent[]) => Promise<void>;
  onOutput: (line: string) => void;
}

/** The process that trains one attempt, seen from its supervisor. */
export class TrainingChild {
  /** Resolves when the process has ended and everything it said has been taken in. */
  readonly closed: Promise<{
    code: number | null;
    signal: NodeJS.Signals | null;
    stderr: string;
    oomKill: boolean;
  }>;
  private readonly process: ChildProcess;
  private taking: Promise<void> = Promise.resolve();
  private stderr = '';

  constructor({ entry, cwd, env, onEvents, onOutput }: TrainingChildOptions) {
    const oomKillsBefore = countOomKills();
    this.process = fork(entry, [], {
      cwd,
      env,
      execArgv: nodeFlags,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.process.stdout!.on('data', (chunk: Buffer) => onOutput(chunk.toString()));
    this.process.stderr!.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString()).slice(-stderrKept);
      onOutput(chunk.toString());
    });
    this.process.on('message', (message) => {
      this.taking = this.taking.then(() => onEvents(readable(message)));
      this.taking.catch(() => this.kill());
    });
    this.closed = new Promise((resolve, reject) => {
      this.process.once('error', reject);
      // 'close' comes after the last message, 'exit' may come before it
      this.process.once('close', (code, signal) => {
        this.taking
          .then(async () => (await countOomKills()) > (await oomKillsBefore))
          .then((oomKill) => resolve({ code, signal, stderr: this.stderr, oomKill }), reject);
      });
    });
    this.closed.catch(() => undefined); // whoever awaits it hears of it; until then it is not unhandled
  }

  get pid() {
    return this.process.pid;
  }

  send(command: ChildCommand): void {
    // A child that has gone cannot be told anything; its end is seen by `closed`.
    if (this.process.connected) this.process.send(command, () => undefined);
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }
}

/** A training process and its supervisor are of one version, so that this is a fault of the program: no retry cures it. */
export class UnreadableMessage extends Error {
  constructor(cause: z.ZodError) {
    super(`The training process reported what cannot be read: ${z.prettifyError(cause)}`, { cause });
    this.name = 'UnreadableMessage';
  }
}

function readable(message: unknown): ChildEvent[] {
  const { data, error } = childMessage.safeParse(message);
  if (error) throw new UnreadableMessage(error);
  return data;
}
