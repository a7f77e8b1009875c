import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DomainError } from '@chromatune/contracts';
import { DataFolder } from './data-folder.js';
import { ensureEngine } from './ensure-engine.js';
import { firstStart } from './first-start.js';
import { Guard } from './guard.js';
import { KeptService } from './keep-alive.js';
import { readOptions, type StartOptions, usage } from './options.js';
import { freePortFrom } from './ports.js';
import { startPostgres } from './postgres.js';
import { Program } from './program.js';
import { startRedis } from './redis.js';
import { outliveTerminal, say, sayError, showLogLine } from './terminal.js';

const exitWithParent = fileURLToPath(new URL('./exit-with-parent.js', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Time for the trainer to save checkpoints of what it trains. */
const trainerGraceMs = 60_000;
const apiGraceMs = 10_000;

/** `npm start`, once packages are installed and built. */
export async function main(argv: string[]): Promise<void> {
  outliveTerminal();
  try {
    const options = readOptionsWithHelp(argv);
    if (options === 'help') return say(usage);
    requirePhotos(options);
    await new Launcher(options).run();
  } catch (error) {
    sayError(
      error instanceof DomainError ? error : new DomainError('start_failed', 500, (error as Error).message),
    );
    process.exitCode = 1;
  }
}

function readOptionsWithHelp(argv: string[]) {
  try {
    return readOptions(argv, root);
  } catch (error) {
    throw new DomainError('wrong_option', 400, (error as Error).message, {
      remedy: 'npm start -- --help lists what is possible.',
    });
  }
}

/** Looked at before anything is started, not after minutes. */
function requirePhotos({ photos }: StartOptions) {
  if (!photos || fs.statSync(photos, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new DomainError('no_photos', 400, `There is no folder ${photos}.`, {
    remedy: 'Name the folder of your pictures: npm start -- --photos DIR',
  });
}

/** Everything of an embedded Chromatune, started in order and stopped in the opposite one. */
class Launcher {
  private readonly guard = new Guard();
  private readonly programs: Record<string, Program> = {};
  private readonly services: Record<string, KeptService> = {};
  private data!: DataFolder;
  private apiUrl = '';
  private stopping: Promise<void> | undefined;

  constructor(private readonly options: StartOptions) {}

  async run() {
    this.data = DataFolder.open(this.options.dataFolder);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => this.onSignal());
    try {
      await this.startEverything();
    } catch (error) {
      if (this.stopping) return;
      await this.stop();
      throw error;
    }
  }

  private async startEverything() {
    // Services of one's own are used when their variables are set; what is not set is embedded.
    const { DATABASE_URL, REDIS_URL, OBJECT_STORE_URL } = process.env;
    const [databaseUrl, redisUrl] = await allStarted([
      DATABASE_URL ??
        this.keep('postgres', (port) => startPostgres({ folder: this.data.file('postgres'), port })),
      REDIS_URL ?? this.keep('redis', (port) => startRedis({ folder: this.data.file('redis'), port })),
    ]);
    const shared = {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      OBJECT_STORE_URL: OBJECT_STORE_URL ?? pathToFileURL(this.data.file('objects')).href,
      LOG_FORMAT: 'json',
    };

    const port = await freePortFrom(this.options.port);
    this.apiUrl = `http://127.0.0.1:${port}`;
    this.launch('api', 'apps/api/dist/main.js', { ...shared, HOST: '127.0.0.1', PORT: String(port) });
    await this.untilHealthy();
    if (this.stopping) return;
    if (port !== this.options.port) say(`Port ${this.options.port} is taken; using ${port}.`);
    say(`\n  Chromatune is at  ${this.apiUrl}\n`);

    const engine = ensureEngine().then(() => {
      if (this.stopping) return;
      this.launch('trainer', 'apps/trainer/dist/main.js', {
        ...shared,
        TRAINER_FOLDER: this.data.file('trainer'),
        CACHE_FOLDER: this.data.file('cache'),
      });
    });
    const first = firstStart({
      root,
      apiUrl: this.apiUrl,
      folder: this.data.path,
      photos: this.options.photos,
      launchSweep: this.options.launchSweep,
    });
    await Promise.all([engine, first]);
    if (!this.stopping) say('Ctrl-C stops everything; the next npm start goes on where it stopped.');
  }

  /** Starts a service that is kept alive, and returns its URL. */
  private async keep(name: string, start: Parameters<typeof KeptService.start>[0]['start']): Promise<string> {
    const service = await KeptService.start({
      start,
      onRestart: (reason) => say(`${name} ${reason}; starting it again`),
      onChange: () => this.announce(),
    });
    this.services[name] = service;
    this.announce();
    return service.url;
  }

  private launch(name: string, file: string, environment: Record<string, string>) {
    const program = new Program({
      name,
      file: path.join(root, file),
      environment,
      preload: [exitWithParent],
      logFile: this.data.file('logs', `${name}.log`),
      onLine: showLogLine,
      onStart: () => this.announce(),
      onRefused: () => this.refuse(name),
      onRestart: (_, reason) =>
        say(`${name} ${reason}; starting it again (see ${this.data.file('logs', `${name}.log`)})`),
    });
    this.programs[name] = program;
    program.start();
  }

  /** Tells the guard, the CLI and people what runs where. */
  private announce() {
    const alive = Object.entries({ ...this.services, ...this.programs }).flatMap(([name, { pid }]) =>
      pid === undefined ? [] : [[name, pid] as const],
    );
    this.data.announce({
      apiUrl: this.apiUrl,
      pids: Object.fromEntries([['launcher', process.pid], ...alive]),
    });
    this.guard.watch(Object.values(this.services).map(({ pid }) => ({ pid, signal: 'SIGINT' as const })));
  }

  private async untilHealthy() {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100)) {
      if (this.stopping) return;
      const answer = await fetch(`${this.apiUrl}/api/health`).catch(() => undefined);
      if (answer?.ok) return;
    }
    throw new DomainError('api_not_ready', 500, `The API did not answer at ${this.apiUrl} within 60 s.`, {
      remedy: `Its log says why: ${this.data.file('logs', 'api.log')}`,
    });
  }

  /** A program that cannot run with its settings, which it has named on the terminal: starting it again cannot help. */
  private refuse(name: string) {
    if (this.stopping) return;
    sayError(
      new DomainError('invalid_environment', 500, `The ${name} cannot run with the settings named above.`, {
        remedy: 'Correct these environment variables, then npm start again.',
      }),
    );
    void this.stop().then(() => process.exit(1));
  }

  private onSignal() {
    if (this.stopping) {
      say('Stopping at once.');
      for (const program of Object.values(this.programs)) program.kill();
      return;
    }
    say('\nStopping: saving checkpoints … (Ctrl-C again: at once)');
    void this.stop().then(() => {
      say('Stopped.');
      process.exit(0);
    });
  }

  /** The trainer first, while everything it needs to save its work still runs. */
  private stop(): Promise<void> {
    this.stopping ??= (async () => {
      await this.programs.trainer?.stop(trainerGraceMs);
      await this.programs.api?.stop(apiGraceMs);
      await Promise.all(Object.values(this.services).map((service) => service.stop()));
      this.guard.dismiss();
      this.data.close();
    })();
    return this.stopping;
  }
}

/** Waits for all even when one fails, because what is still being started could not be stopped. */
async function allStarted<T extends unknown[]>(starts: [...T]): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled(starts);
  const values = results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value as unknown;
  });
  return values as { [K in keyof T]: Awaited<T[K]> };
}
