import { parseArgs } from 'node:util';
import { z } from 'zod';
import { engineName } from '@chromatune/contracts';
import { EngineProblem } from './engine.errors.js';
import { installEngine } from './install-engine.js';
import { progressLines } from './progress.js';

const usage = 'node infra/engine/dist/main.js [--want auto|cuda|native|portable] [--json]';

/** Installs the engine from a shell. Progress goes to stderr, the result to stdout. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { want: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const wanted = values.want ?? process.env.CHROMATUNE_ENGINE ?? 'auto';
  const want = z.enum([...engineName.options, 'auto']).safeParse(wanted);
  if (!want.success) {
    const message = `${JSON.stringify(wanted)} is no engine.`;
    throw new EngineProblem('engine_unknown', message, `Use one of auto, cuda, native, portable: ${usage}`);
  }
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const installed = await installEngine({ want: want.data, log, progress: progressLines(log) });
  process.stdout.write(values.json ? `${JSON.stringify(installed)}\n` : `${describe(installed)}\n`);
}

function describe({
  engine,
  version,
  folder,
  fromCache,
  reason,
}: Awaited<ReturnType<typeof installEngine>>): string {
  const origin =
    folder === null ? 'nothing to install' : `${fromCache ? 'from the cache' : 'installed'} in ${folder}`;
  return `Engine ${engine}${version === null ? '' : ` (${version})`}, ${origin}. ${reason}`;
}

main().catch((error: unknown) => {
  const json = process.argv.includes('--json');
  if (error instanceof EngineProblem && json) {
    const { code, message, remedy } = error;
    process.stdout.write(`${JSON.stringify({ error: { code, message, remedy } })}\n`);
  } else if (error instanceof EngineProblem) {
    process.stderr.write(`${error.message}\n${error.remedy ?? ''}\n`);
  } else {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nUsage: ${usage}\n`);
  }
  process.exitCode = 1;
});
