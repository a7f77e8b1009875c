import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError, type Run, type SweepDetail } from '@chromatune/contracts';
import { metricText, stateText } from '../output/format.js';
import { exitCodes } from '../run-cli.js';
import type { Context } from './add-command.js';
import { runsTable } from './runs-table.js';
import { endedOfPlanned } from './sweep.js';

const pauseMs = 1000;
/** An API or a database that is started again is waited for. */
const patienceMs = 60_000;

/** Shows a sweep's runs until it ends: a table that is drawn anew in a terminal, lines about changes elsewhere. */
export async function watchSweep({ api, output, finish }: Context, id: string): Promise<void> {
  const known = new Map<string, string>();
  let drawnLines = 0;
  for (;;) {
    const [sweep, runs] = await patiently(() => Promise.all([api.getSweep(id), api.listRuns(id)]));
    if (output.isTerminal) drawnLines = redraw(sweep, runs, drawnLines);
    else for (const line of changes(runs, known)) output.note(line);
    if (sweep.state === 'completed' || sweep.state === 'cancelled') {
      if (!output.isTerminal) {
        output.result({ sweep, runs }, () => runsTable(runs, sweep, output.colors));
      }
      if (runs.some(({ state }) => state === 'failed')) finish(exitCodes.failed);
      return;
    }
    await sleep(pauseMs);
  }

  function redraw(sweep: SweepDetail, runs: Run[], lines: number): number {
    const { colors, stderr } = output;
    const title = `${colors.bold(sweep.name)}  ${stateText(sweep.state, colors)}  ${endedOfPlanned(sweep)} runs`;
    const text = `${title}\n${runsTable(runs, sweep, colors)}\n`;
    stderr.write(`${lines > 0 ? `\u001b[${lines}F\u001b[0J` : ''}${text}`);
    return text.split('\n').length - 1;
  }
}

/** One line for each run whose state or epoch is another than before. */
function changes(runs: Run[], known: Map<string, string>): string[] {
  return runs.flatMap(({ id, label, state, epoch, epochs, latest }) => {
    const now = `${state} ${Math.floor(epoch)}`;
    if (known.get(id) === now) return [];
    known.set(id, now);
    return [
      `${id}  ${state}  epoch ${Math.floor(epoch)}/${epochs}  ab RMSE ${metricText('validation/abRmse', latest['validation/abRmse'])}  ${label}`,
    ];
  });
}

/** Repeats a request while the API, or what it needs, is away for moments. */
export async function patiently<T>(request: () => Promise<T>): Promise<T> {
  const giveUpAt = Date.now() + patienceMs;
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (!isAway(error) || Date.now() > giveUpAt) throw error;
      await sleep(pauseMs);
    }
  }
}

const isAway = (error: unknown) => error instanceof DomainError && error.status === 503;
