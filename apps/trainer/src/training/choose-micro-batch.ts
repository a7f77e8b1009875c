import type { Assignment } from '@chromatune/contracts';
import { buildNetwork, type Loss } from '@chromatune/models';
import {
  chooseMicroBatch,
  correctionOf,
  gigabytesText,
  type MicroBatchChoice,
  withFilledBatch,
} from '@chromatune/models/describe';
import type { Engine } from '../engine.js';
import { PeakMemory } from './peak-memory.js';

export interface MicroBatchOptions {
  assignment: Assignment;
  engine: Pick<Engine, 'createStep' | 'name'>;
  loss: Loss;
  say: (level: 'info' | 'warn', message: string) => void;
}

/** Above this share of the memory a forecast decides something, and is checked by a probe. */
const doubtfulShare = 0.5;
/** What a probe may take at most, should the forecast be too small by as much as it is large. */
const probeShare = 0.4;

/**
 * Images that a batch is computed in at once: the recipe's micro-batch, the one that an earlier attempt or the reproduced
 * run had, or the largest that is forecast to fit this slot's memory. A forecast near the limit is corrected first by two
 * steps of a smaller batch. What does not fill a batch is looked at as it is, and a whole one keeps the recipe's size.
 */
export async function decideMicroBatch(options: MicroBatchOptions): Promise<number> {
  const { recipe, manifest, microBatch } = options.assignment;
  if (recipe.microBatch > 0) return recipe.microBatch;
  if (microBatch !== null) return microBatch;

  const filled = withFilledBatch(recipe, manifest.images);
  const { images, pieces } = await choose({
    ...options,
    assignment: { ...options.assignment, recipe: filled },
  });
  return pieces === 1 ? recipe.batchSize : images;
}

async function choose(options: MicroBatchOptions): Promise<MicroBatchChoice> {
  const { recipe, memory } = options.assignment;
  const first = chooseMicroBatch(recipe, memory.limitBytes, memory.correction ?? 1);
  const isDoubtful = first.atOnceBytes > memory.limitBytes * doubtfulShare;
  const needsProbe = memory.correction === null && isDoubtful && options.engine.name === 'native';
  const choice = needsProbe
    ? chooseMicroBatch(recipe, memory.limitBytes, await probeCorrection(options))
    : first;
  sayChoice(choice, options);
  return choice;
}

/** Two steps of a batch that takes a part of the memory, and what they took against their forecast. */
async function probeCorrection({ assignment, engine, loss }: MicroBatchOptions): Promise<number> {
  const { recipe, memory } = assignment;
  const { images } = chooseMicroBatch(recipe, memory.limitBytes * probeShare);
  const size = recipe.model.imageSize;
  const batch = {
    l: new Uint8Array(images * size ** 2),
    ab: new Uint8Array(images * size ** 2 * 2).fill(128),
    images,
    size,
  };
  const peak = new PeakMemory();
  const network = buildNetwork(recipe, recipe.seed); // of its own: a step takes its values away
  const whole = { ...recipe, microBatch: 0 };
  const step = engine.createStep(network, loss, whole, {
    stepsPerEpoch: 1,
    expected: { train: [batch], evaluate: [] },
  });
  for (let steps = 0; steps < 2; steps++) await step.run(batch);
  step.dispose();
  network.dispose();
  return correctionOf({ ...recipe, batchSize: images }, images, peak.bytes());
}

function sayChoice(choice: MicroBatchChoice, { assignment, say }: MicroBatchOptions): void {
  const { batchSize } = assignment.recipe;
  const limit = gigabytesText(assignment.memory.limitBytes);
  if (!choice.fits) {
    say(
      'warn',
      `Even one image at a time is forecast to need ${gigabytesText(choice.bytes)}; this slot has ${limit}.`,
    );
  } else if (choice.pieces > 1) {
    say(
      'info',
      `A batch of ${batchSize} at once would need ${gigabytesText(choice.atOnceBytes)}, and this slot has ${limit}: ` +
        `it is computed in ${choice.pieces} micro-batches of ${choice.images}.`,
    );
  }
}
