import { describe, expect, test } from 'vitest';
import { loadEngine } from './engine.js';
import { groups } from './items.js';

// What `npm run parity` prints, as tests; of the networks, each once. Without TensorFlow on the machine this fails, naming the
// remedy, unless CHROMATUNE_ENGINE=portable says that it is meant so: whole networks take that engine minutes.
const onlyPortable = process.env.CHROMATUNE_ENGINE === 'portable';

const engine = await loadEngine(onlyPortable ? 'portable' : 'native'); // which says what there is to compare

describe.each([...groups])('%s agree with the reference:', (_, items) => {
  for (const { item, tested, bound, compute } of items(engine)) {
    if (tested === 'not') continue;
    const isLeftOut = tested === 'on native' && onlyPortable;
    const note = isLeftOut ? ' (left out, since CHROMATUNE_ENGINE=portable)' : '';
    test.skipIf(isLeftOut)(
      item + note,
      async () => {
        const { difference, where } = await compute();

        expect(difference, where).toBeLessThanOrEqual(bound);
      },
      120_000,
    ); // seconds on two quiet cores
  }
});
