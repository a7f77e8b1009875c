import {
  type Assignment,
  type ChildCommand,
  childCommand,
  type ChildEvent,
  describeEngine,
} from '@chromatune/contracts';
import type { FileProvider } from '@chromatune/data';
import { type Engine, loadEngine } from '../engine.js';
import { BatchThread } from './batch-source.js';
import { toFailure } from './failure.js';
import { type MakeMeasures, MeasureThreads } from './measure-source.js';
import { Reporter } from './reporter.js';
import { trainRun } from './train-run.js';

// The process that trains one attempt. It knows its work folder and the channel to its supervisor, nothing else, and may
// be killed at any moment. Without its supervisor nobody keeps what it measures, so it ends.
process.on('disconnect', () => process.exit(1));
// Ctrl-C reaches every process of a terminal; the supervisor decides what becomes of the run.
process.on('SIGINT', () => undefined);

const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

const fileRequests: { names: string[]; answer: (paths: Record<string, string>) => void }[] = [];

process.on('message', (message) => {
  const command = childCommand.parse(message);
  if (command.type === 'start') void train(command.assignment);
  else if (command.type === 'checkpointAndExit') stop.abort();
  else answerFileRequests(command);
});

async function train(assignment: Assignment): Promise<void> {
  const report = new Reporter(send);
  const files: FileProvider = async (names) => {
    const answered = new Promise<Record<string, string>>((answer) => fileRequests.push({ names, answer }));
    await report.flush();
    await send([{ type: 'needFiles', names }]);
    return answered;
  };
  try {
    const engine = await loadAssignedEngine(assignment);
    report.log('info', `Attempt ${assignment.attempt} trains on ${describeEngine(assignment.environment)}.`);
    const batches = new BatchThread(files);
    const measureWith: MakeMeasures = (options) => new MeasureThreads(engine.threads, options);
    const { signal } = stop;
    const result = await trainRun({ engine, assignment, files, batches, measureWith, report, signal });
    report.report({ type: 'finished', ...result });
  } catch (error) {
    report.report({ type: 'failed', failure: toFailure(error, report.lastStep) });
  }
  await report.flush();
  process.exit(0);
}

/** Another engine than the claim recorded would make other numbers under the same recipe digest. */
async function loadAssignedEngine({ environment, recipe }: Assignment): Promise<Engine> {
  const engine = await loadEngine(environment.engine, {
    threads: environment.threads,
    deterministic: recipe.deterministic,
    compile: environment.engine === 'cuda' && recipe.compile === true,
  });
  if (engine.name === environment.engine && engine.version === environment.engineVersion) {
    return engine;
  }
  throw new Error(
    `The run was claimed for ${environment.engine} (${environment.engineVersion}), but ${engine.name} ` +
      `(${engine.version}) was loaded: ${engine.reason}`,
  );
}

function answerFileRequests({ paths }: Extract<ChildCommand, { type: 'files' }>): void {
  for (const request of [...fileRequests]) {
    if (!request.names.every((name) => name in paths)) continue;
    fileRequests.splice(fileRequests.indexOf(request), 1);
    request.answer(paths);
  }
}

/** Resolves when the message has been handed to the operating system. */
function send(events: ChildEvent[]): Promise<void> {
  return new Promise((resolve, reject) =>
    process.send!(events, undefined, undefined, (error) => (error ? reject(error) : resolve())),
  );
}
