/**
 * A batch size with how it is computed, where that is not at once: "32", "32, computed 2 × 16", "128, computed 5 × 22 + 18".
 * Without a micro-batch, nothing is known yet.
 */
export function batchText(batchSize: number, microBatch: number | null): string {
  if (microBatch === null || microBatch >= batchSize) return String(batchSize);
  const rest = batchSize % microBatch;
  const pieces = `${Math.floor(batchSize / microBatch)} × ${microBatch}`;
  return `${batchSize}, computed ${pieces}${rest > 0 ? ` + ${rest}` : ''}`;
}
