import {
  classificationOf,
  type ParameterName,
  type ParameterValue,
  type ParameterValues,
  type SweepSpec,
} from '@chromatune/contracts';
import type { LocatedProblem } from './located-problem.js';
import { type Choices, toChoices } from './recipe.js';
import { listedValues, whenOf } from './space.js';
import { suggestAll } from './suggest.js';

/** What a parameter does beside the others, where that is not always what it says. */
interface Effect {
  /** Equal where the runs are: its value or one that does the same, null where it does nothing, undefined where it is absent. */
  of(run: Choices): ParameterValue | null | undefined;
  /** Why it may do nothing, or the same as another value. */
  because: string;
}

/** What needs one certain value of another parameter stands in `parameterNeeds`; here is what takes more to say. */
const effects: Partial<Record<ParameterName, Effect>> = {
  cut: {
    of: ({ model }) => model.cut,
    because: 'auto is conv3 for classification, else conv4',
  },
  inputAdaptation: {
    of: ({ model }) => model.inputAdaptation,
    because: 'auto is sum with imported weights, else new',
  },
  freezeThrough: {
    of: ({ model }) => (isWhollyFrozen(model) ? model.cut : model.freezeThrough),
    because: 'the encoder ends at its cut, and no later stage is there to be frozen',
  },
  upsampling: {
    of: ({ model, loss }) => {
      const isEnough = loss.type === 'classification' && loss.headResolution === 'quarter';
      return isEnough && model.cut === 'conv2' ? null : model.upsampling;
    },
    because: 'conv2 ends at a quarter of the side, and with headResolution quarter nothing is upsampled',
  },
  softSigma: {
    of: ({ loss }) => {
      const encoding = classificationOf(loss)?.encoding;
      if (encoding?.type !== 'soft') return undefined;
      return encoding.neighbors === 1 ? null : encoding.sigma;
    },
    because: 'with softNeighbors 1 the nearest bin has all the weight',
  },
  rebalancingSigma: {
    of: ({ loss }) => {
      const rebalancing = classificationOf(loss)?.rebalancing;
      if (!rebalancing || rebalancing.type === 'none') return undefined;
      return rebalancing.lambda === 1 ? null : rebalancing.sigma;
    },
    because: 'with rebalancingLambda 1 all bins weigh alike, whatever the prior',
  },
  decoding: {
    of: ({ loss }) => (isDecodedElsewhere(loss) ? null : classificationOf(loss)?.decoding.type),
    because: 'with decodeFrom regression no colour is made of a distribution over bins',
  },
  decodeTemperature: {
    of: ({ loss }) => {
      const decoding = classificationOf(loss)?.decoding;
      if (decoding?.type !== 'annealed-mean') return undefined;
      return isDecodedElsewhere(loss) ? null : decoding.temperature;
    },
    because: 'with decodeFrom regression no colour is made of a distribution over bins',
  },
  optimizer: {
    of: ({ optimizer: { type, weightDecay } }) => (type === 'adamw' && weightDecay === 0 ? 'adam' : type),
    because: 'they differ in how weightDecay is applied, which is 0',
  },
  encoderLearningRateFactor: {
    of: ({ model, encoderLearningRateFactor: factor }) => (isWhollyFrozen(model) ? null : factor),
    because: 'freezeThrough freezes the whole encoder, which then has no learning rate',
  },
};

/** Whether no stage of the encoder learns. The names of the stages sort as they follow each other. */
const isWhollyFrozen = ({ freezeThrough, cut }: Choices['model']) =>
  freezeThrough !== 'none' && freezeThrough >= cut;

const isDecodedElsewhere = (loss: Choices['loss']) =>
  loss.type === 'combined' && loss.decodeFrom === 'regression';

/**
 * Parameters that are written but do nothing in any run, and values that make the same runs: nobody wants to wait for
 * those, or to read a difference into them. What does something in one run at least is left alone.
 */
export function checkEffects(spec: SweepSpec): LocatedProblem[] {
  const written = { ...spec.model, ...spec.training, ...spec.space };
  const names = (Object.keys(effects) as ParameterName[]).filter((name) => name in written);
  const runs = names.length > 0 ? suggestAll(spec) : [];
  const choices = runs.map((run) => toChoices(spec, run));
  return names.flatMap((name) => {
    const message = doesNothing(choices, effects[name]!) ?? sameValues(spec, runs, name);
    const section = name in spec.space ? 'space' : name in spec.model ? 'model' : 'training';
    return message ? [{ path: [section, name], atKey: true, message: `${name} ${message}` }] : [];
  });
}

function doesNothing(choices: Choices[], { of, because }: Effect): string | null {
  const found = choices.map(of).filter((effect) => effect !== undefined);
  if (found.length === 0 || found.some((effect) => effect !== null)) return null;
  return `means nothing in this sweep: ${because}. Remove it, or change the other.`;
}

/** Only words can mean the same as others; a number means itself or nothing. What others depend on differs in those. */
function sameValues(spec: SweepSpec, runs: ParameterValues[], name: ParameterName): string | null {
  if (Object.values(spec.space).some((other) => name in whenOf(other))) return null;
  const { of, because } = effects[name]!;
  const domain = spec.space[name];
  const words =
    (domain !== undefined && listedValues(domain)?.filter((value) => typeof value === 'string')) || [];
  const varying = runs.filter((run) => run[name] !== undefined);
  const same = (one: ParameterValue, other: ParameterValue) =>
    varying.length > 0 &&
    varying.every((run) => {
      const [ofOne, ofOther] = [one, other].map((value) => of(toChoices(spec, { ...run, [name]: value })));
      return ofOne === ofOther;
    });
  for (const [index, word] of words.entries()) {
    const other = words.slice(0, index).find((earlier) => same(earlier, word));
    if (other) return `${other} and ${word} make the same runs in this sweep: ${because}. Keep one of them.`;
  }
  return null;
}
