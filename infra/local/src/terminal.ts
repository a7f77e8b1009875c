import { DomainError } from '@chromatune/contracts';
import { progressLines, type ReportProgress } from '@chromatune/engine';
import { MultiBar, Presets } from 'cli-progress';
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

/** One that was closed takes no words, which would end us before everything has been stopped in order. */
export function outliveTerminal() {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/** Bars at the bottom of a terminal, with what is said meanwhile above them. */
let bars: MultiBar | undefined;

export function say(text: string) {
  if (bars) bars.log(`${text}\n`);
  else console.log(text);
}

/** A progress bar in a terminal; elsewhere a line at the start and end of each step and every tenth in between. */
export function showProgress(prefix: string): { report: ReportProgress; end: () => void } {
  if (!process.stdout.isTTY)
    return { report: progressLines((line) => say(`${prefix}: ${line}`)), end: () => {} };
  const format = ` ${prefix.padEnd(8)} {bar} {percentage}%  {what}`;
  const area = (bars = new MultiBar(
    { format, hideCursor: true, clearOnComplete: true, barsize: 24 },
    Presets.shades_grey,
  ));
  const bar = area.create(1, 0, { what: '' });
  return {
    report: ({ what, done, total }) => {
      bar.setTotal(total);
      bar.update(done, { what });
    },
    end: () => {
      bars = undefined;
      area.stop();
    },
  };
}

export function sayError(error: unknown) {
  const remedy = error instanceof DomainError && error.remedy ? `\n  → ${error.remedy}` : '';
  const text =
    error instanceof DomainError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  const line = `${pc.red('✖')} ${text}${remedy}`;
  if (bars) bars.log(`${line}\n`);
  else console.error(line);
}

/** Shows what matters of a program's log: every warning, and the trainer's story of its runs. The rest is in the log file. */
export function showLogLine(program: string, line: string) {
  const record = parse(line);
  if (!record) {
    if (line.trim()) say(pc.dim(`${program}  ${line}`));
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
  say(
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
