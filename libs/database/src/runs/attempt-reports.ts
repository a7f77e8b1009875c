import { type Session } from '../session.js';
import {
  type AppliedEvent,
  applyEvents,
  applyPoints,
  type AttemptKey,
  type Standing,
} from './apply-events.js';

/**
 * Where one attempt writes what it reports. It remembers how it left the attempt: then points, which come several times a
 * second, take one statement instead of a transaction that reads the run first. Use one for all of an attempt, one call after
 * the other.
 */
export class AttemptReports {
  private left: Standing | null = null;

  constructor(
    private readonly session: Session,
    private readonly attempt: AttemptKey,
    private readonly maxRestarts: number,
  ) {}

  /**
   * Writes events, all or nothing, in ascending order of `seq`, without gaps after those before; writing the same again
   * changes nothing. `fenced` when the attempt is no longer the run's current one: then nothing was written, and its child must
   * end. Error: `events_missing` (409).
   */
  async apply(events: AppliedEvent[]): Promise<'applied' | 'fenced'> {
    const { left } = this;
    this.left = null; // whatever fails leaves the attempt nobody knows how
    const batch = { ...this.attempt, events };
    const followed = left && (await this.session.read((sql) => applyPoints(sql, left, batch)));
    const outcome =
      followed ?? (await this.session.transaction((sql) => applyEvents(sql, batch, this.maxRestarts)));
    if (outcome === 'fenced') return 'fenced';
    this.left = outcome;
    return 'applied';
  }
}
