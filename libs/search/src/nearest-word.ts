/** Short names that people bring along from other tools. */
const otherNames: Record<string, string> = {
  lr: 'learningRate',
  batch: 'batchSize',
  bs: 'batchSize',
  grid: 'binGridSize',
  gridsize: 'binGridSize',
  bins: 'binGridSize',
  size: 'imageSize',
  resolution: 'imageSize',
  backbone: 'encoder',
  losstype: 'loss',
  temperature: 'decodeTemperature',
  parameters: 'space',
  algorithm: 'method',
};

/** The word of `words` that was probably meant, or null. `batch_size` means `batchSize`, `regresion` means `regression`. */
export function nearestWord(written: string, words: readonly string[]): string | null {
  const plain = plainly(written);
  const other = otherNames[plain];
  if (other && words.includes(other)) return other;

  const [best] = words
    .map((word) => ({ word, distance: editDistance(plain, plainly(word)) }))
    .sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(1, Math.floor(written.length / 3)) ? best.word : null;
}

const plainly = (word: string) => word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        current[column - 1]! + 1,
        last[column]! + 1,
        last[column - 1]! + (same ? 0 : 1),
        swapped ? beforeLast[column - 2]! + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length]!;
}
