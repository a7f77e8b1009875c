import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

/** Human-readable in a terminal, JSON elsewhere, unless LOG_FORMAT says otherwise. */
export function createLogger(
  { LOG_LEVEL, LOG_FORMAT }: { LOG_LEVEL: string; LOG_FORMAT?: 'pretty' | 'json' },
  terminal = process.stdout.isTTY,
): Logger {
  const isPretty = LOG_FORMAT === 'pretty' || (LOG_FORMAT === undefined && terminal);
  const stream: DestinationStream = isPretty
    ? pretty({ colorize: terminal, ignore: 'pid,hostname', translateTime: 'HH:MM:ss', singleLine: true })
    : pino.destination({ sync: true });
  return pino({ level: LOG_LEVEL, base: null }, stream);
}
