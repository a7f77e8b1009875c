import { isLpips, type ProblemField, type Recipe, type SweepSpec, type Weights } from '@chromatune/contracts';
import { importRemedy } from '../weights/weights.errors.js';
import type { PlannedRun } from './planned-runs.js';
import { placeOf } from './spec-place.js';

/** Digests of the imported weights that runs of a sweep name. */
export interface NamedWeights {
  /** With the networks whose encoders start from them. */
  encoders: Map<string, Recipe['model'][]>;
  lpips: Set<string>;
}

export const digestsOf = ({ encoders, lpips }: NamedWeights) => [...encoders.keys(), ...lpips];

export function weightsOfRuns(runs: PlannedRun[]): NamedWeights {
  const named: NamedWeights = { encoders: new Map(), lpips: new Set() };
  const { encoders } = named;
  for (const {
    recipe: { model, lpips },
  } of runs) {
    if (model.weights !== 'none')
      encoders.set(model.weights, [...(encoders.get(model.weights) ?? []), model]);
    if (lpips !== undefined) named.lpips.add(lpips);
  }
  return named;
}

/** What is wrong with the weights that runs name: unknown, of another network, or for an encoder of another width. */
export function findWeightsProblems(
  named: NamedWeights,
  known: Weights[],
  { spec, yaml }: { spec: SweepSpec; yaml: string },
): ProblemField[] {
  const weightsAt = (digest: string) => known.find((one) => one.digest === digest);
  const problems = [
    ...[...named.encoders].map(([digest, models]) => ({
      path: [spec.space.weights === undefined ? 'model' : 'space', 'weights'],
      message: problemOfEncoder(digest, weightsAt(digest), models),
    })),
    ...[...named.lpips].map((digest) => ({
      path: [spec.space.lpips === undefined ? 'training' : 'space', 'lpips'],
      message: problemOfLpips(digest, weightsAt(digest)),
    })),
  ];
  return problems.flatMap(({ path, message }) =>
    message === null ? [] : [{ path: path.join('.'), message, ...placeOf(yaml, path) }],
  );
}

const unknown = (digest: string) => `There are no weights ${digest.slice(0, 12)}. ${importRemedy}`;
const calledOf = ({ digest, name }: Weights) => `The weights ${digest.slice(0, 12)} (${name})`;

function problemOfEncoder(
  digest: string,
  weights: Weights | undefined,
  models: Recipe['model'][],
): string | null {
  if (!weights) return unknown(digest);
  const called = calledOf(weights);
  if (isLpips(weights.network)) {
    return `${called} are of LPIPS, and no encoder can start from them. Name them under training, as lpips.`;
  }
  const other = models.find(({ encoder }) => encoder !== weights.network);
  if (other) {
    return (
      `${called} are of ${weights.network}, and a run has the encoder ${other.encoder}. Where encoders vary, say ` +
      `under space which weights belong to which: weights: { values: [${digest.slice(0, 4)}…], when: { encoder: ${weights.network} } }`
    );
  }
  const width = models.find((model) => model.width !== 1)?.width;
  if (width === undefined) return null;
  return `${called} are for width 1, and a run has ${width}. Use width 1, or weights: none.`;
}

function problemOfLpips(digest: string, weights: Weights | undefined): string | null {
  if (!weights) return unknown(digest);
  if (isLpips(weights.network)) return null;
  return `${calledOf(weights)} are of ${weights.network}, not of LPIPS. Import the state dict of the package lpips, and name its digest.`;
}
