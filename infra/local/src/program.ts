import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { invalidEnvironmentExitCode } from '@chromatune/contracts';
import { LogFile } from './log-file.js';

export interface ProgramOptions {
  name: string;
  /** A compiled Node program. */
  file: string;
  environment: Record<string, string>;
  logFile: string;
  /** Modules loaded before the program's own. */
  preload: string[];
  /** Called with each line the program logs. */
  onLine: (name: string, line: string) => void;
  onStart: () => void;
  onRestart: (name: string, reason: string) => void;
  /** It ended because its settings are wrong. It is not started again. */
  onRefused: (name: string) => void;
}

const shortestBackOffMs = 500;
const longestBackOffMs = 15_000;
/** A program that ran this long has recovered; the next crash starts with the short delay again. */
const healthyMs = 30_000;

/** One of our own programs, started again whenever it dies, until `stop`. */
export class Program {
  private child: ChildProcess | undefined;
  private stopping = false;
  private backOffMs = shortestBackOffMs;
  private restartTimer: NodeJS.Timeout | undefined;
  private readonly log: LogFile;

  constructor(private readonly options: ProgramOptions) {
    this.log = new LogFile(options.logFile);
  }

  get pid() {
    return this.child?.pid;
  }

  start() {
    const { name, file, environment, preload } = this.options;
    const imports = preload.flatMap((module) => ['--import', module]);
    const startedAt = Date.now();
    // detached: Ctrl-C in the terminal reaches only the launcher, which stops things in order.
    // The IPC channel tells the program when the launcher itself was killed.
    const child = spawn(process.execPath, ['--enable-source-maps', ...imports, file], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    this.child = child;
    this.options.onStart();
    for (const stream of [child.stdout, child.stderr]) this.follow(stream);
    child.once('exit', (code, signal) => {
      this.child = undefined;
      if (this.stopping) return;
      if (code === invalidEnvironmentExitCode) return this.options.onRefused(name);
      this.backOffMs =
        Date.now() - startedAt > healthyMs
          ? shortestBackOffMs
          : Math.min(this.backOffMs * 2, longestBackOffMs);
      this.options.onRestart(name, signal ? `was killed by ${signal}` : `ended with exit code ${code}`);
      this.restartTimer = setTimeout(() => this.start(), this.backOffMs);
    });
  }

  /** Asks the program to end (SIGTERM), and ends it (SIGKILL) when it has not within `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    clearTimeout(this.restartTimer);
    const child = this.child;
    if (!child) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await exited;
    clearTimeout(timer);
  }

  kill() {
    this.stopping = true;
    clearTimeout(this.restartTimer);
    this.child?.kill('SIGKILL');
  }

  private follow(stream: Readable | null) {
    if (!stream) return;
    createInterface({ input: stream }).on('line', (line) => {
      this.log.write(line);
      this.options.onLine(this.options.name, line);
    });
  }
}
