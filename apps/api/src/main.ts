import { DomainError, invalidEnvironmentExitCode, parseEnvironment } from '@chromatune/contracts';
import { apiEnvironment } from './config/environment.js';
import { type RunningApi, startApi } from './start-api.js';

try {
  const api = await startApi(parseEnvironment(apiEnvironment, process.env));
  process.once('SIGTERM', () => stop(api));
  process.once('SIGINT', () => stop(api));
} catch (error) {
  explain(error);
  process.exit(isInvalidEnvironment(error) ? invalidEnvironmentExitCode : 1);
}

/** Ends in order; a second signal or ten seconds end it at once. */
function stop(api: RunningApi): void {
  process.once('SIGTERM', () => process.exit(1));
  process.once('SIGINT', () => process.exit(1));
  setTimeout(() => process.exit(1), 10_000).unref();
  api.close().then(
    () => process.exit(0),
    (error: unknown) => {
      explain(error);
      process.exit(1);
    },
  );
}

function isInvalidEnvironment(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'invalid_environment';
}

/** Expected errors are for people: what happened and what to do, without a stack. */
function explain(error: unknown): void {
  if (error instanceof DomainError) {
    process.stderr.write(`${error.message}\n${error.remedy ? `${error.remedy}\n` : ''}`);
  } else {
    console.error(error);
  }
}
