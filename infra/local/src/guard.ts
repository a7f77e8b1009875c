import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * A small process that outlives a killed launcher just long enough to stop the services it left behind.
 * PostgreSQL and Redis do not notice that their parent is gone; this one does, because its IPC channel closes.
 */
export class Guard {
  private readonly child: ChildProcess;

  constructor() {
    this.child = fork(fileURLToPath(import.meta.url), ['guard'], {
      detached: true,
      stdio: 'ignore',
      execArgv: [],
    });
    this.child.unref();
    this.child.channel?.unref();
    this.child.on('error', () => {}); // without a guard all still works but for this one comfort
  }

  /** Replaces the list of services to stop, each with the signal that makes it stop quickly and cleanly. */
  watch(services: { pid: number; signal: NodeJS.Signals }[]) {
    if (this.child.connected) this.child.send(services);
  }

  /** Ends the guard after an orderly stop. */
  dismiss() {
    this.watch([]);
    if (this.child.connected) this.child.disconnect();
  }
}

if (process.argv[2] === 'guard') {
  let services: { pid: number; signal: NodeJS.Signals }[] = [];
  process.on('message', (message) => {
    services = message as typeof services;
  });
  process.on('disconnect', () => {
    for (const { pid, signal } of services) {
      try {
        process.kill(pid, signal);
      } catch {
        // gone already
      }
    }
    process.exit(0);
  });
}
