import { engineName } from '@chromatune/contracts';
import { installEngine, progressLines } from '@chromatune/engine';
import { say, sayError } from './terminal.js';

/** Installs the fastest TensorFlow engine this machine can have; without one, training goes on with the portable engine. */
export async function ensureEngine(): Promise<void> {
  const want = engineName.safeParse(process.env.CHROMATUNE_ENGINE).data ?? 'auto';
  try {
    const { engine, reason, problems } = await installEngine({
      want,
      log: (line) => say(`engine: ${line}`),
      progress: progressLines((line) => say(`engine: ${line}`)),
    });
    for (const problem of problems) say(`engine: ${problem.message}\n  → ${problem.remedy}`);
    say(`✔ engine: ${engine}. ${reason}`);
  } catch (error) {
    sayError(error);
    say('Going on with the portable engine, which is slower.');
  }
}
