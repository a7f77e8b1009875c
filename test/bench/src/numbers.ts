/** The middle of the numbers, or the mean of the middle two. NaN when there are none. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? sorted[Math.floor(middle)]!
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** Mean of the middle half of the numbers: as little moved by a few far ones as the median, but finer. NaN for none. */
export function middleMean(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const aside = Math.floor(sorted.length / 4);
  const middle = sorted.slice(aside, sorted.length - aside);
  return sum(middle) / middle.length;
}

/** The smallest of the numbers that at least `share` (0 to 1) of them do not exceed. NaN when there are none. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
