/**
 * Weight of each 8-bit colour, at index a8 * 256 + b8, for the rebalanced AuC: 1 / p of its cell of 10 ab units (centred on
 * multiples of 10), p being the cell's share of `counts`, the colours of the training split. So every kind of colour counts
 * alike, however rare. An empty cell gets the weight of the rarest one that is not empty, the largest there is.
 */
export function aucWeights(counts: Float64Array): Float64Array {
  const cellOf = (color8: number) => Math.round((color8 - 128) / 10) + 13;
  const cells = new Float64Array(27 * 27);
  counts.forEach((count, color) => (cells[cellOf(color >> 8) * 27 + cellOf(color & 255)]! += count));
  const total = cells.reduce((sum, count) => sum + count, 0);
  const rarest = cells.reduce((least, count) => (count > 0 && count < least ? count : least), total || 1);
  return Float64Array.from({ length: 65_536 }, (_, color) => {
    const count = cells[cellOf(color >> 8) * 27 + cellOf(color & 255)]!;
    return (total || 1) / (count || rarest);
  });
}
