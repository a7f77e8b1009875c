/**
 * Does something for each, one after the other. One that fails does not keep the rest from their turn.
 * @throws the first failure, when all have had theirs
 */
export async function forEach<T>(items: Iterable<T>, fulfil: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const item of items) {
    await fulfil(item).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}
