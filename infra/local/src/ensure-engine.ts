import { engineName } from '@chromatune/contracts';
import { installEngine } from '@chromatune/engine';
import { say, sayError, showProgress } from './terminal.js';

/** Installs the fastest TensorFlow engine this machine can have; without one, training goes on with the portable engine. */
export async function ensureEngine(): Promise<void> {
  const want = engineName.safeParse(process.env.CHROMATUNE_ENGINE).data ?? 'auto';
  const progress = showProgress('engine');
  try {
    const { engine, version, reason, problems } = await installEngine({
      want,
      log: (line) => say(`engine: ${line}`),
      progress: progress.report,
    });
    progress.end();
    for (const problem of problems) say(`engine: ${problem.message}\n  → ${problem.remedy}`);
    say(`✔ engine: ${[engine, version].filter(Boolean).join(', ')} (${reason.replace(/\.$/, '')})`);
  } catch (error) {
    progress.end();
    sayError(error);
    say('Going on with the portable engine, which is slower.');
  }
}
