import { type Block, philox4x32 } from './philox.js';

/** What a stream is for, for example `weights/encoder/conv1/weight` or `order/shards`. */
export type Purpose = string;

/**
 * The stream of random numbers that belongs to these arguments. The same arguments give the same numbers, whatever was
 * drawn before and wherever: a resumed run draws what the uninterrupted one drew.
 *
 * @param seed an integer of 0 to 2^32 - 1
 * @param counters up to three integers of 0 to 2^32 - 1, for example epoch and index; a left-out one is 0
 * @throws RangeError when a number is out of its range
 */
export function stream(seed: number, purpose: Purpose, ...counters: number[]): Stream {
  if (counters.length > 3) throw new RangeError(`A stream has at most 3 counters, not ${counters.length}.`);
  [seed, ...counters].forEach(requireWord);
  const [first = 0, second = 0, third = 0] = counters;
  return new Stream([seed, hashOf(purpose)], [first, second, third]);
}

/** Numbers of one stream, in order. Make one with `stream`. */
export class Stream {
  private block: Block = [0, 0, 0, 0];
  private blocksDrawn = 0;
  private wordsLeft = 0;
  private spareNormal: number | null = null;

  constructor(
    private readonly key: readonly [number, number],
    private readonly counters: readonly [number, number, number],
  ) {}

  /** An integer of 0 to 2^32 - 1. */
  nextUint32(): number {
    if (this.wordsLeft === 0) {
      if (this.blocksDrawn === 2 ** 32) throw new RangeError('This stream is used up after 2^34 numbers.');
      this.block = philox4x32([this.blocksDrawn++, ...this.counters], this.key);
      this.wordsLeft = 4;
    }
    return this.block[4 - this.wordsLeft--]!;
  }

  /** A double of [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** A normal deviate of mean 0 and variance 1 (Box and Muller; two at a time). */
  normal(): number {
    if (this.spareNormal !== null) {
      const spare = this.spareNormal;
      this.spareNormal = null;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** An integer of 0 to `below` - 1, each equally likely. `below` is an integer of 1 to 2^32. */
  integer(below: number): number {
    if (!Number.isInteger(below) || below < 1 || below > 2 ** 32) {
      throw new RangeError(`integer(below) needs an integer of 1 to 2^32, not ${below}.`);
    }
    const unbiased = 2 ** 32 - (2 ** 32 % below);
    let word = this.nextUint32();
    while (word >= unbiased) word = this.nextUint32();
    return word % below;
  }

  /** Shuffles `array` in place (Fisher and Yates) and returns it. */
  shuffle<T>(array: T[]): T[] {
    for (let last = array.length - 1; last > 0; last--) {
      const chosen = this.integer(last + 1);
      [array[last], array[chosen]] = [array[chosen]!, array[last]!];
    }
    return array;
  }

  /** 0 to n - 1 in random order. */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, index) => index);
    for (let last = n - 1; last > 0; last--) {
      const chosen = this.integer(last + 1);
      const moved = order[last]!;
      order[last] = order[chosen]!;
      order[chosen] = moved;
    }
    return order;
  }
}

/** FNV-1a over UTF-16 code units, then mixed (MurmurHash3's finalizer) so that similar names get unrelated keys. */
function hashOf(purpose: Purpose): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < purpose.length; index++) {
    const unit = purpose.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function requireWord(value: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
    throw new RangeError(`Seeds and counters are integers of 0 to 2^32 - 1, not ${value}.`);
  }
}
