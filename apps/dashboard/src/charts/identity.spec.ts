import { describe, expect, it } from 'vitest';
import { identitiesOf, identityOf } from './identity.js';

describe('identityOf', () => {
  it('gives the first 42 runs of a sweep different looks', () => {
    const looks = Array.from({ length: 42 }, (_, index) => JSON.stringify(identityOf(index)));

    expect(new Set(looks).size).toBe(42);
  });

  it('gives neighbours another colour and another shape', () => {
    for (let index = 0; index < 41; index++) {
      expect(identityOf(index).color).not.toBe(identityOf(index + 1).color);
      expect(identityOf(index).marker).not.toBe(identityOf(index + 1).marker);
    }
  });
});

describe('identitiesOf', () => {
  it('does not depend on which other runs of the sweep are there', () => {
    const all = identitiesOf([0, 1, 2, 3].map((index) => ({ id: `s-${index}`, index })));
    const some = identitiesOf([3, 1].map((index) => ({ id: `s-${index}`, index })));

    expect(some.get('s-3')).toEqual(all.get('s-3'));
    expect(some.get('s-1')).toEqual(all.get('s-1'));
  });

  it('keeps runs of two sweeps with the same index apart', () => {
    const identities = identitiesOf([
      { id: 'a-0', index: 0 },
      { id: 'b-0', index: 0 },
    ]);

    expect(identities.get('a-0')).toEqual(identityOf(0));
    expect(identities.get('b-0')).toEqual(identityOf(1));
  });

  it('still gives each run a look when there are more than the looks', () => {
    const runs = Array.from({ length: 100 }, (_, index) => ({ id: `s-${index}`, index }));

    expect(identitiesOf(runs).size).toBe(100);
  });
});
