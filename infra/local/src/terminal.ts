import { DomainError } from '@chromatune/contracts';
import pc from 'picocolors';

const warn = 40;
const info = 30;
const levels: Record<number, string> = {
  30: '',
  40: pc.yellow('warn '),
  50: pc.red('error '),
  60: pc.red('fatal '),
};
/** Fields that pino or the apps add to every line and that people need not read here; the log file has them. */
const quietFields = new Set([
  'level',
  'time',
  'pid',
  'hostname',
  'msg',
  'context',
  'runId',
  'attempt',
  'req',
  'res',
  'responseTime',
  'err',
]);

export const say = (text: string) => console.log(text);

export function sayError(error: unknown) {
  const remedy = error instanceof DomainError && error.remedy ? `\n  → ${error.remedy}` : '';
  const text =
    error instanceof DomainError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  console.error(`${pc.red('✖')} ${text}${remedy}`);
}

/** Shows what matters of a program's log: every warning, and the trainer's story of its runs. The rest is in the log file. */
export function showLogLine(program: string, line: string) {
  const record = parse(line);
  if (!record) {
    if (line.trim()) console.log(pc.dim(`${program}  ${line}`));
    return;
  }
  const level = Number(record.level);
  if (level < info || (level < warn && (program !== 'trainer' || record.runId === undefined))) return;
  const time = new Date(Number(record.time)).toTimeString().slice(0, 8);
  const run = record.runId === undefined ? '' : pc.cyan(`${String(record.runId)} `);
  const error = (record.err as { message?: string } | undefined)?.message;
  const fields = Object.entries(record)
    .filter(([key, value]) => !quietFields.has(key) && typeof value !== 'object')
    .map(([key, value]) => `${key}=${String(value)}`);
  console.log(
    [
      pc.dim(time),
      program.padEnd(7),
      `${levels[level] ?? ''}${run}${String(record.msg ?? '')}`,
      error ?? '',
      pc.dim(fields.join(' ')),
    ]
      .filter(Boolean)
      .join(' '),
  );
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
