import {
  DomainError,
  metricCatalogue,
  protocolOf,
  shownForecasts,
  type ParameterValue,
  type Sweep,
  type SweepDetail,
  type SweepPlan,
} from '@chromatune/contracts';
import { objectiveGoal, valueText } from '@chromatune/search';
import type { Command } from 'commander';
import { fieldsText } from '../output/error-text.js';
import {
  ageText,
  count,
  metricText,
  metricTextWithUnit,
  nothing,
  shortDigest,
  stateText,
} from '../output/format.js';
import type { Colors } from '../output/output.js';
import { facts, table } from '../output/table.js';
import { exitCodes, type Tools } from '../run-cli.js';
import { addCommand, type Context } from './add-command.js';
import { baselineTexts, runsTable } from './runs-table.js';
import { readSpecFile } from './spec-file.js';
import { watchSweep } from './watch-sweep.js';

export function addSweepCommands(program: Command, tools: Tools): void {
  const sweep = program.command('sweep').description('launch, watch and steer sweeps');
  addCommand(sweep, 'plan <file>', 'say what a sweep file would do, without launching it', tools, planSweep);
  addCommand(sweep, 'launch <file>', 'launch the sweep of a YAML file', tools, launchSweep).option(
    '--watch',
    'show its runs until it ends',
  );
  addCommand(sweep, 'list', 'list all sweeps, newest first', tools, listSweeps);
  addCommand(sweep, 'show <sweep>', 'show a sweep and its runs', tools, showSweep).option(
    '--watch',
    'go on until it ends',
  );
  const steer = (command: 'pause' | 'resume' | 'cancel', description: string) =>
    addCommand(sweep, `${command} <sweep>`, description, tools, async ({ api, output }, id: string) => {
      refuseRunId(id);
      const changed = await api.commandSweep(id, command);
      output.result(
        changed,
        () => `${changed.name} (${changed.id}) is ${stateText(changed.state, output.colors)}.`,
      );
    });
  steer('pause', 'let its runs save a checkpoint and wait');
  steer('resume', 'go on with a paused sweep');
  steer('cancel', 'end all its runs for good');
}

async function planSweep({ api, output, finish }: Context, file: string): Promise<void> {
  const plan = await api.planSweep(await readSpecFile(file));
  output.result(plan, () => planText(plan, file, output.colors));
  if (plan.problems.length > 0) finish(exitCodes.failed);
}

function planText(
  { problems, runs, preview, varying, forecasts }: SweepPlan,
  file: string,
  colors: Colors,
): string {
  if (problems.length > 0) {
    return [`${colors.red('✖')} ${file} cannot be launched:`, ...fieldsText(problems, colors)].join('\n');
  }
  const memory = forecasts
    .slice(0, shownForecasts)
    .map(({ text, fits }) => `\n  ${fits ? colors.dim(text) : colors.red(text)}`);
  const rest = forecasts.length - memory.length;
  if (rest > 0) memory.push(colors.dim(`\n  … and ${count(rest, 'other')} that need less.`));
  const summary = `${colors.green('✔')} ${file} makes ${count(runs, 'run')}.${memory.join('')}`;
  if (varying.length === 0) return summary;
  const rows = preview.map((values, index) => ({ values, index }));
  const columns = varying.map((name) => ({
    title: name,
    value: ({ values }: (typeof rows)[number]) => parameterCell(values[name]),
  }));
  const more = runs > preview.length ? `\n… and ${count(runs - preview.length, 'more run')}` : '';
  return `${summary}\n\n${table(rows, [{ title: 'RUN', value: ({ index }) => String(index) }, ...columns], colors)}${more}`;
}

/** As labels of runs have it; of the digest of weights, its beginning. */
const parameterCell = (value: ParameterValue | undefined) =>
  value === undefined ? nothing : valueText(value).replace(/^([0-9a-f]{12})[0-9a-f]{52}$/, '$1');

async function launchSweep(context: Context, file: string, { watch }: { watch?: boolean }): Promise<void> {
  const { api, output } = context;
  const launched = await api.launchSweep(await readSpecFile(file));
  if (watch) {
    output.note(launchedText(launched, api.url));
    return watchSweep(context, launched.id);
  }
  output.result(launched, () => launchedText(launched, api.url));
}

const launchedText = ({ name, id, plannedRuns, dataset }: Sweep, url: string) =>
  `Launched "${name}" (${id}): ${count(plannedRuns, 'run')} on ${dataset.name} (${shortDigest(dataset.digest)}).\n${url}/sweeps/${id}`;

async function listSweeps({ api, output }: Context): Promise<void> {
  const sweeps = await api.listSweeps();
  const { colors } = output;
  output.result(sweeps, () =>
    sweeps.length === 0
      ? 'No sweeps yet. Launch one: npx chromatune sweep launch examples/first-sweep.yaml'
      : table(
          sweeps,
          [
            { title: 'SWEEP', value: ({ id }) => id },
            { title: 'STATE', value: ({ state }) => stateText(state, colors) },
            { title: 'RUNS', value: endedOfPlanned, right: true },
            {
              title: 'BEST',
              value: ({ best, spec }) => metricText(spec.objective.metric, best?.value),
              right: true,
            },
            { title: 'BY', value: ({ spec }) => metricCatalogue[spec.objective.metric].label },
            { title: 'AGE', value: ({ createdAt }) => ageText(createdAt), right: true },
            { title: 'DATASET', value: ({ dataset }) => dataset.name },
            { title: 'NAME', value: ({ name }) => name },
          ],
          colors,
        ),
  );
}

async function showSweep(context: Context, id: string, { watch }: { watch?: boolean }): Promise<void> {
  refuseRunId(id);
  if (watch) return watchSweep(context, id);
  const { api, output } = context;
  const [sweep, runs] = await Promise.all([api.getSweep(id), api.listRuns(id)]);
  output.result({ sweep, runs }, () =>
    [
      sweepFacts(sweep, output.colors),
      runsTable(runs, sweep, output.colors),
      protocolText(sweep, output.colors),
    ].join('\n\n'),
  );
}

/** A run's id begins with that of its sweep, and is as easily copied. */
function refuseRunId(id: string): void {
  const [, sweepId] = /^(s[a-z0-9]{7})-\d/.exec(id) ?? [];
  if (sweepId === undefined) return;
  throw new DomainError('not_a_sweep', 400, `${id} looks like a run, not a sweep.`, {
    remedy: `Show the run with npx chromatune run show ${id}; its sweep is ${sweepId}.`,
  });
}

/** How the figures that rank the runs are measured. */
function protocolText({ spec: { objective } }: Sweep, colors: Colors): string {
  const { label } = metricCatalogue[objective.metric];
  return colors.dim(`${label}: ${protocolOf(objective.metric)}`);
}

function sweepFacts(sweep: SweepDetail, colors: Colors): string {
  const { best, spec } = sweep;
  const { metric } = spec.objective;
  return facts(
    [
      ['sweep', `${colors.bold(sweep.name)} (${sweep.id})`],
      ['state', `${stateText(sweep.state, colors)}, ${endedOfPlanned(sweep)} runs ended`],
      ['dataset', `${sweep.dataset.name} (${shortDigest(sweep.dataset.digest)})`],
      ['objective', `${metric}, ${objectiveGoal(spec) === 'minimize' ? 'lower' : 'higher'} is better`],
      [
        'best',
        best
          ? `${metricTextWithUnit(metric, best.value)} by ${best.label} (${best.runId}) at epoch ${best.epoch}`
          : 'none yet',
      ],
      ['without training', best && baselineTexts(best.baselines, metric).join(', ')],
    ],
    colors,
  );
}

export function endedOfPlanned({ runsByState, plannedRuns }: Sweep): string {
  const { completed = 0, stoppedEarly = 0, failed = 0, cancelled = 0 } = runsByState;
  return `${completed + stoppedEarly + failed + cancelled}/${plannedRuns}`;
}
