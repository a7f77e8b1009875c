import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

/** Nest's own lines go to the same log; its start-up chatter only when debugging. */
export const nestLogger = (log: Logger): LoggerService => ({
  log: (message: unknown) => log.debug(String(message)),
  debug: (message: unknown) => log.debug(String(message)),
  verbose: (message: unknown) => log.trace(String(message)),
  warn: (message: unknown) => log.warn(String(message)),
  error: (message: unknown, stack?: unknown) => log.error({ stack }, String(message)),
});
