import { type Session } from '../session.js';

/** What training each shape of network really took on each trainer, as a multiple of its static forecast. */
export class MemoryCorrectionsStore {
  constructor(private readonly session: Session) {}

  /** The newest measurement counts. */
  put(trainerId: string, shape: string, correction: number): Promise<void> {
    return this.session.read(async (sql) => {
      await sql.change(
        `INSERT INTO memory_corrections (trainer_id, shape, correction) VALUES ($1, $2, $3)
         ON CONFLICT (trainer_id, shape) DO UPDATE SET correction = excluded.correction`,
        [trainerId, shape, correction],
      );
    });
  }

  /** By shape, of those that this trainer has measured. */
  find(trainerId: string, shapes: string[]): Promise<Map<string, number>> {
    return this.session.read(async (sql) => {
      const rows = await sql.rows<{ shape: string; correction: number }>(
        `SELECT shape, correction FROM memory_corrections WHERE trainer_id = $1 AND shape = ANY ($2)`,
        [trainerId, shapes],
      );
      return new Map(rows.map(({ shape, correction }) => [shape, correction]));
    });
  }
}
