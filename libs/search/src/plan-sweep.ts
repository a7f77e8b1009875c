import type { SweepPlan } from '@chromatune/contracts';
import { readSpec } from './spec-text.js';
import { countRuns, suggest, varyingParameters } from './suggest.js';

const previewedRuns = 20;

/** What a spec would do, told while it is written: its problems, or the number of its runs and the first of them. */
export function planSweep(text: string): SweepPlan {
  const { spec, problems } = readSpec(text);
  if (!spec) return { problems, runs: 0, varying: [], preview: [], forecasts: [] };
  const runs = countRuns(spec);
  const preview = Array.from({ length: Math.min(runs, previewedRuns) }, (_, k) => suggest(spec, k));
  return {
    problems,
    runs,
    varying: varyingParameters(spec),
    preview: preview.filter((values) => values !== null),
    forecasts: [], // only the platform knows its trainers
  };
}
