import { stream } from '@chromatune/random';

/** A row of a split: where it lies, and its number within the split (counted through the shards in their order). */
export interface RowPlace {
  shard: number;
  row: number;
  id: number;
}

/** Shards whose rows are shuffled together: 8 of 32 MiB are 20,000 images of 64 px, and few enough to stay in memory. */
const defaultWindowShards = 8;

/**
 * The order in which an epoch goes through the rows of a split: shards in random order, taken in windows of
 * `windowShards`, all rows of a window shuffled. With no more shards than that it is a full shuffle. It depends on nothing
 * but these arguments, so a run can be resumed in the middle of an epoch.
 */
export function dataOrder(options: {
  seed: number;
  epoch: number;
  shardRows: number[];
  windowShards?: number;
}): EpochOrder {
  return new EpochOrder(
    options.seed,
    options.epoch,
    options.shardRows,
    options.windowShards ?? defaultWindowShards,
  );
}

export class EpochOrder {
  /** Rows of the whole epoch. */
  readonly rows: number;
  private readonly firstIds: number[];
  private readonly windows: { shards: number[]; start: number; rows: number }[] = [];
  private shuffled: { window: number; order: Uint32Array } | null = null;

  constructor(
    private readonly seed: number,
    private readonly epoch: number,
    private readonly shardRows: number[],
    windowShards: number,
  ) {
    this.firstIds = runningSums(shardRows);
    const order = [...stream(seed, 'order/shards', epoch).permutation(shardRows.length)];
    let start = 0;
    for (let first = 0; first < order.length; first += windowShards) {
      const shards = order.slice(first, first + windowShards);
      const rows = shards.reduce((sum, shard) => sum + shardRows[shard]!, 0);
      this.windows.push({ shards, start, rows });
      start += rows;
    }
    this.rows = start;
  }

  /** The rows at the positions `from` to `to` - 1 of the epoch; fewer at its end. */
  slice(from: number, to: number): RowPlace[] {
    const places: RowPlace[] = [];
    for (let position = from; position < Math.min(to, this.rows); position++) places.push(this.at(position));
    return places;
  }

  /** The shards of the windows that the positions `from` to `to` - 1 touch. */
  shardsAt(from: number, to: number): number[] {
    return this.windows
      .filter(({ start, rows }) => start < to && start + rows > from)
      .flatMap(({ shards }) => shards);
  }

  private at(position: number): RowPlace {
    const index = this.windows.findLastIndex(({ start }) => start <= position);
    const window = this.windows[index]!;
    let rest = this.orderOf(index)[position - window.start]!;
    for (const shard of window.shards) {
      const rows = this.shardRows[shard]!;
      if (rest < rows) return { shard, row: rest, id: this.firstIds[shard]! + rest };
      rest -= rows;
    }
    throw new RangeError(`The epoch has no position ${position}.`);
  }

  private orderOf(window: number): Uint32Array {
    if (this.shuffled?.window !== window) {
      const { rows } = this.windows[window]!;
      this.shuffled = {
        window,
        order: stream(this.seed, 'order/rows', this.epoch, window).permutation(rows),
      };
    }
    return this.shuffled.order;
  }
}

function runningSums(counts: number[]): number[] {
  let sum = 0;
  return counts.map((count) => (sum += count) - count);
}
