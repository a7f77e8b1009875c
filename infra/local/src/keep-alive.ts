import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalService } from './service-process.js';

const backOffMs = 1000;

/** A service that is started again whenever it dies, on the same port, until `stop`. */
export class KeptService {
  private stopping = false;

  private constructor(
    private service: LocalService,
    private readonly start: (port: number) => Promise<LocalService>,
    private readonly onRestart: (reason: string) => void,
    private readonly onChange: () => void,
  ) {
    void this.watch();
  }

  static async start(options: {
    start: (port?: number) => Promise<LocalService>;
    onRestart: (reason: string) => void;
    onChange: () => void;
  }): Promise<KeptService> {
    return new KeptService(await options.start(), options.start, options.onRestart, options.onChange);
  }

  get url() {
    return this.service.url;
  }

  get pid() {
    return this.service.pid;
  }

  async stop() {
    this.stopping = true;
    await this.service.stop();
  }

  private async watch() {
    for (;;) {
      const { code, signal } = await this.service.exited;
      if (this.stopping) return;
      this.onRestart(signal ? `was killed by ${signal}` : `ended with exit code ${code}`);
      await this.startAgain();
    }
  }

  private async startAgain() {
    while (!this.stopping) {
      await sleep(backOffMs);
      try {
        this.service = await this.start(this.service.port);
        this.onChange();
        if (this.stopping) await this.service.stop();
        return;
      } catch (error) {
        this.onRestart(`could not be started again: ${(error as Error).message}`);
      }
    }
  }
}
