import 'reflect-metadata';
import { DomainError, invalidEnvironmentExitCode } from '@chromatune/contracts';
import { loadConfig } from './config/trainer-environment.js';
import { createLogger } from './logger.js';
import { startTrainer, type Trainer } from './trainer.js';

// A trainer: takes queued runs of its pool and trains each in a process of its own.

let trainer: Trainer | undefined;
let stopping = false;

process.on('SIGTERM', () => void stop('SIGTERM'));
process.on('SIGINT', () => void stop('SIGINT'));

try {
  const config = loadConfig(process.env);
  const log = createLogger(config);
  // Redis clients reject where nobody can listen when their server dies. Ending here would end every run in training.
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'an error that nobody handled'));
  trainer = await startTrainer({ config, log, env: process.env });
} catch (error) {
  console.error(error instanceof DomainError ? `${error.message}\n${error.remedy ?? ''}`.trim() : error);
  const isEnvironment = error instanceof DomainError && error.code === 'invalid_environment';
  process.exit(isEnvironment ? invalidEnvironmentExitCode : 1);
}

/** The first signal hands runs back with checkpoints, the second without. */
async function stop(signal: string): Promise<void> {
  if (trainer === undefined) process.exit(130);
  if (stopping) return trainer.supervisor.endNow();
  stopping = true;
  const quiet = setInterval(() => undefined, 1000); // keeps the process until all is handed back
  await trainer.stop().catch((error: unknown) => console.error(`${signal}: cannot stop in order:`, error));
  clearInterval(quiet);
  process.exit(0);
}
