import { type ClassificationRecipe } from '@chromatune/contracts';
import { type Bins } from './bins.js';
import { gaussian } from './gaussian.js';

/** What a head should say of each 8-bit colour: `perColor` entries, those of (a8, b8) from (a8 * 256 + b8) * perColor on. */
export interface LabelTable {
  perColor: number;
  /** Bins, the one of the largest weight first. */
  bins: Int32Array;
  /** Their weights, which add up to 1. */
  weights: Float32Array;
}

type Encoding = ClassificationRecipe['encoding'];
type SoftEncoding = Pick<Extract<Encoding, { type: 'soft' }>, 'neighbors' | 'sigma'>;

export function labelTable(bins: Bins, encoding: Encoding): LabelTable {
  return encoding.type === 'soft' ? softTable(bins, encoding) : hardTable(bins);
}

/**
 * Soft encoding of Zhang et al. 2016: the `neighbors` bins nearest to a colour (all, if there are fewer; between equally
 * near ones that of the lower index first) share it in proportion to exp(-d² / 2σ²) of their distance d. All in ab units.
 * The paper has 5 neighbors and σ = 5, its released code 10 and 5.
 */
export function softLabel(
  [atA, atB]: [a: number, b: number],
  { a, b, count }: Pick<Bins, 'a' | 'b' | 'count'>,
  { neighbors, sigma }: SoftEncoding,
): { bins: Int32Array; weights: Float64Array } {
  const size = Math.min(neighbors, count);
  const nearest = new Int32Array(size);
  const squares = new Float64Array(size).fill(Infinity);
  for (let bin = 0; bin < count; bin++) {
    const square = (a[bin]! - atA) ** 2 + (b[bin]! - atB) ** 2;
    if (square >= squares[size - 1]!) continue;
    let place = size - 1;
    for (; place > 0 && square < squares[place - 1]!; place--) {
      squares[place] = squares[place - 1]!;
      nearest[place] = nearest[place - 1]!;
    }
    squares[place] = square;
    nearest[place] = bin;
  }
  // Relative to the nearest: far away from all bins, or with a small sigma, every exponential would be 0.
  const shares = squares.map((square) => gaussian(square - squares[0]!, sigma));
  const sum = shares.reduce((total, share) => total + share, 0);
  return { bins: nearest, weights: shares.map((share) => share / sum) };
}

const hardTable = ({ binOf }: Bins): LabelTable => ({
  perColor: 1,
  bins: Int32Array.from(binOf),
  weights: new Float32Array(binOf.length).fill(1),
});

function softTable(bins: Bins, encoding: SoftEncoding): LabelTable {
  const perColor = Math.min(encoding.neighbors, bins.count);
  const table = {
    perColor,
    bins: new Int32Array(256 * 256 * perColor),
    weights: new Float32Array(256 * 256 * perColor),
  };
  for (let color = 0; color < 256 * 256; color++) {
    const label = softLabel([(color >>> 8) - 128, (color & 255) - 128], bins, encoding);
    table.bins.set(label.bins, color * perColor);
    table.weights.set(label.weights, color * perColor);
  }
  return table;
}
