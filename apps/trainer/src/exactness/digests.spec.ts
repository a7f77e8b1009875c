import type { Recipe } from '@chromatune/contracts';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, loadEngine } from '../engine.js';
import { everyLoss } from './every-loss.js';
import { digestOf, startTraining, takeSteps } from './short-training.js';

// Three steps of every loss on every head, against the weights that the last commit made. The same engine on the same kind
// of processor must make them to the last bit. Rounding depends on the processor (its instructions, its caches), so
// digests.json holds digests for each kind it has seen; on another, the losses alone are compared, and it says so.
//
// Without TensorFlow on the machine this fails, naming the remedy, unless CHROMATUNE_ENGINE=portable says that it is meant so.
const onlyPortable = process.env.CHROMATUNE_ENGINE === 'portable';
const isWriting = process.env.CHROMATUNE_DIGESTS === 'write';

/** Largest difference of a loss between kinds of processors, relative. Measured: 4e-6, between the two engines too. */
const bound = 1e-4;

const howToChange = `If this change is meant, declare it: run

  CHROMATUNE_DIGESTS=write npx vitest run --root . --config ../../vitest.project.ts src/exactness/digests.spec.ts

in apps/trainer, commit digests.json, and say in the commit's message which numbers changed and why. Recipes that were
trained before will no longer reproduce.`;

interface Digests {
  /** Losses of the three steps. */
  losses: Record<string, number[]>;
  /** SHA-256 of weights, moving statistics and the optimizer's slots: of each environment, of each loss. */
  digests: Record<string, Record<string, string>>;
}

const file = new URL('digests.json', import.meta.url);
const committed = JSON.parse(readFileSync(file, 'utf8')) as Digests;
const measured: Digests = { losses: {}, digests: {} };

describe.each(onlyPortable ? (['portable'] as const) : (['native', 'portable'] as const))(
  'a few steps on the %s engine',
  (name) => {
    let engine: Engine;
    let environment: string;
    beforeAll(async () => {
      engine = await loadEngine(name, { threads: 1 });
      environment = environmentOf(engine);
      if (!isWriting && !committed.digests[environment]) console.warn(unknown(environment));
    });

    it.each(everyLoss())('give the weights of the last commit: %s', async (title, loss) => {
      const { losses, digest } = await train(engine, { loss });

      measured.losses[title] ??= losses;
      (measured.digests[environment] ??= {})[title] = digest;
      if (isWriting) return;
      expect(committed.losses[title], howToChange).toHaveLength(losses.length);
      for (const [index, value] of losses.entries()) {
        const difference = Math.abs(value / committed.losses[title]![index]! - 1);
        expect(difference, `loss of step ${index + 1}. ${howToChange}`).toBeLessThan(bound);
      }
      const known = committed.digests[environment];
      if (known) expect(digest, howToChange).toBe(known[title]);
    });
  },
);

afterAll(() => {
  if (isWriting) writeFileSync(file, `${JSON.stringify(withOthers(measured, committed), null, 2)}\n`);
});

async function train(engine: Engine, change: Partial<Recipe>) {
  const step = startTraining(engine, change);
  const losses = await takeSteps(step, { count: 3 });
  const digest = digestOf(step.state());
  step.dispose();
  return { losses, digest };
}

/** Digests of environments that are not here are kept as long as those that are have not changed. */
function withOthers(now: Digests, before: Digests): Digests {
  const isChanged = Object.entries(now.digests).some(
    ([environment, digests]) =>
      environment in before.digests &&
      JSON.stringify(digests) !== JSON.stringify(before.digests[environment]),
  );
  return { losses: now.losses, digests: isChanged ? now.digests : { ...before.digests, ...now.digests } };
}

const environmentOf = ({ version, device }: Engine) => `${version}, 1 thread, ${device}`;

const unknown = (environment: string) =>
  `digests.json knows no weights of "${environment}": only losses are compared, to ${bound} relative. To compare bits
here too, add them from a commit that is right: CHROMATUNE_DIGESTS=write npx vitest run … src/exactness/digests.spec.ts`;
