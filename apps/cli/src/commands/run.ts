import { setTimeout as sleep } from 'node:timers/promises';
import type { Attempt, Checkpoint, LogLine, RunDetail } from '@chromatune/contracts';
import {
  batchText,
  describeEngine,
  floorOf,
  isEnded,
  metricCatalogue,
  type MetricName,
  validationProtocol,
  whyNothingLearned,
} from '@chromatune/contracts';
import type { Command } from 'commander';
import {
  ageText,
  bytesText,
  metricText,
  metricTextWithUnit,
  numberText,
  shortDigest,
} from '../output/format.js';
import type { Colors } from '../output/output.js';
import { facts, table } from '../output/table.js';
import type { Tools } from '../run-cli.js';
import { addCommand, type Context } from './add-command.js';
import { readText } from './read-text.js';
import { exportRun } from './run-export.js';
import { reproduceRun } from './run-reproduce.js';
import { baselineTexts, runsTable, stateWithNote } from './runs-table.js';
import { verdictText } from './verdict-text.js';
import { patiently } from './watch-sweep.js';

export function addRunCommands(program: Command, tools: Tools): void {
  const run = program.command('run').description('look at, steer, reproduce and export runs');
  addCommand(run, 'list', 'list the runs of a sweep', tools, listRuns).requiredOption(
    '--sweep <sweep>',
    'its id',
    readText,
  );
  addCommand(
    run,
    'show <run>',
    'show recipe, metrics, attempts and checkpoints of a run',
    tools,
    showRun,
  ).option('--protocols', 'say how each metric is measured');
  const steer = (name: string, command: 'pause' | 'resume' | 'cancel', description: string) =>
    addCommand(run, `${name} <run>`, description, tools, ({ api, output }, id: string) =>
      api.commandRun(id, command).then((changed) => {
        output.result(changed, () => `${changed.id} is ${stateWithNote(changed, output.colors)}.`);
      }),
    );
  steer('pause', 'pause', 'let it save a checkpoint and wait');
  steer('resume', 'resume', 'go on with a paused or failed run');
  steer('stop', 'cancel', 'end it for good');
  addCommand(run, 'log <run>', 'print what its trainer said', tools, printLog).option(
    '-f, --follow',
    'go on until the run ends',
  );
  addCommand(
    run,
    'reproduce <run>',
    'train its stored recipe again and compare bit by bit',
    tools,
    reproduceRun,
  )
    .option('--recipe <file>', 'train this recipe (JSON) instead of the stored one')
    .option('--no-wait', 'only queue it');
  addCommand(run, 'export <run>', 'write recipe, points and samples to a folder', tools, exportRun)
    .requiredOption('--out <folder>', 'where to; it is made when missing', readText)
    .option('--checkpoints', 'checkpoints too');
}

async function listRuns({ api, output }: Context, { sweep: id }: { sweep: string }): Promise<void> {
  const [sweep, runs] = await Promise.all([api.getSweep(id), api.listRuns(id)]);
  output.result(runs, () => runsTable(runs, sweep, output.colors));
}

async function showRun(
  { api, output }: Context,
  id: string,
  { protocols }: { protocols?: boolean },
): Promise<void> {
  const run = await api.getRun(id);
  output.result(run, () => runText(run, protocols ?? false, output.colors));
}

function runText(run: RunDetail, withProtocols: boolean, colors: Colors): string {
  const parts = [
    runFacts(run, colors),
    metricsTable(run, colors),
    withProtocols ? protocolsText(run, colors) : protocolsHint(run, colors),
    attemptsTable(run.attempts, colors),
    checkpointsTable(run.checkpoints, colors),
    `${colors.dim('recipe')}\n${JSON.stringify(run.recipe, null, 2)}`,
  ];
  return parts.filter(Boolean).join('\n\n');
}

function runFacts(run: RunDetail, colors: Colors): string {
  const { environment, failure, totalSteps, verdict } = run;
  return facts(
    [
      ['run', `${colors.bold(run.label)} (${run.id})`],
      ['sweep', run.sweepId],
      ['state', stateWithNote({ ...run, learned: null }, colors)],
      ['learned', learnedText(run, colors)],
      ['failure', failure && `${failure.message} ${colors.cyan('→')} ${failure.remedy}`],
      [
        'progress',
        `epoch ${numberText(run.epoch)} of ${run.epochs}, step ${run.step}${totalSteps ? ` of ${totalSteps}` : ''}`,
      ],
      ['batch', batchText(run.recipe.batchSize, run.microBatch)],
      ['restarts', run.restarts > 0 ? String(run.restarts) : null],
      ['engine', environment && describeEngine(environment)],
      ['recipe', run.recipeDigest && shortDigest(run.recipeDigest)],
      ['weights', run.weightsSha256 && shortDigest(run.weightsSha256)],
      ['reproduces', run.reproductionOf],
      ['verdict', verdict && verdictText(verdict, colors)],
      ['reproduced by', run.reproductions.join(', ')],
    ],
    colors,
  );
}

/** Only when it has not beaten what needs no training. */
function learnedText(run: RunDetail, colors: Colors): string | null {
  const why = whyNothingLearned(run, metricText);
  return why && `${colors.yellow('nothing yet')}: ${why}`;
}

function metricsTable({ latest, best, baselines }: RunDetail, colors: Colors): string {
  const names = measuredNames(latest);
  if (names.length === 0) return '';
  const withoutTraining = (metric: MetricName) => {
    const floor = floorOf(baselines, metric);
    const others = baselineTexts(baselines, metric);
    return floor === null ? others : [...others, `least possible ${metricText(metric, floor)}`];
  };
  return table(
    names,
    [
      { title: 'METRIC', value: (name) => name },
      { title: 'LATEST', value: (name) => metricTextWithUnit(name, latest[name]), right: true },
      { title: 'BEST', value: (name) => metricTextWithUnit(name, best[name]?.value), right: true },
      { title: 'EPOCH', value: (name) => numberText(best[name]?.epoch), right: true },
      { title: 'WITHOUT TRAINING', value: (name) => withoutTraining(name).join(', ') },
    ],
    colors,
  );
}

const measuredNames = (latest: RunDetail['latest']) =>
  (Object.keys(metricCatalogue) as MetricName[]).filter((name) => latest[name] !== undefined);

const protocolsHint = ({ latest }: RunDetail, colors: Colors) =>
  measuredNames(latest).length > 0 && colors.dim('With --protocols it says how each metric is measured.');

/** How each metric of the table is measured, a paragraph each. */
function protocolsText({ latest }: RunDetail, colors: Colors): string {
  const lines = measuredNames(latest).map(
    (name) => `${colors.bold(name)}  ${metricCatalogue[name].protocol}`,
  );
  return [colors.dim('how they are measured'), ...lines, validationProtocol].join('\n');
}

const attemptsTable = (attempts: Attempt[], colors: Colors) =>
  attempts.length > 0 &&
  table(
    attempts,
    [
      { title: 'ATTEMPT', value: ({ number }) => String(number), right: true },
      { title: 'STATE', value: ({ state }) => state },
      { title: 'FROM STEP', value: ({ resumedFromStep }) => String(resumedFromStep), right: true },
      { title: 'TRAINER', value: ({ trainerId }) => trainerId },
      { title: 'BEGAN', value: ({ startedAt }) => `${ageText(startedAt)} ago` },
      { title: 'REASON', value: ({ reason, failure }) => failure?.message ?? reason ?? '' },
    ],
    colors,
  );

function checkpointsTable(checkpoints: Checkpoint[], colors: Colors): string | false {
  const [first] = checkpoints;
  if (!first) return false;
  const { metric } = first.objective; // one for all of a run
  return table(
    checkpoints,
    [
      { title: 'CHECKPOINT', value: ({ step }) => `step ${step}` },
      { title: 'EPOCH', value: ({ epoch }) => numberText(epoch), right: true },
      { title: 'KIND', value: ({ kind, isBest }) => (isBest ? `${kind}, best` : kind) },
      {
        title: metricCatalogue[metric].label,
        value: ({ objective }) => metricText(metric, objective.value),
        right: true,
      },
      { title: 'SIZE', value: ({ bytes }) => bytesText(bytes), right: true },
    ],
    colors,
  );
}

async function printLog(
  { api, output }: Context,
  id: string,
  { follow }: { follow?: boolean },
): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const { state } = await patiently(() => api.getRun(id)); // before its lines, so that the last ones are not missed
    const lines = await patiently(() => api.getLog(id, after));
    for (const line of lines) output.line(line, () => logText(line, output.colors));
    const last = lines.at(-1);
    if (last) after = `${last.attempt}.${last.seq}`;
    if (!follow || (lines.length === 0 && isEnded(state))) break;
    if (lines.length === 0) await sleep(1000);
  }
  if (after === undefined && !output.json) output.note(`${id} has said nothing yet.`);
}

function logText({ at, attempt, level, message }: LogLine, colors: Colors): string {
  const time = colors.dim(`${at.slice(0, 10)} ${at.slice(11, 19)}`);
  const paint = level === 'error' ? colors.red : level === 'warn' ? colors.yellow : String;
  return `${time} ${colors.dim(`#${attempt}`)} ${paint(message)}`;
}
