import { type Sample } from '@chromatune/contracts';
import { SampleEntity } from '../entities/sample.entity.js';
import { type Session } from '../session.js';

/** Colorized validation photographs of each epoch. Their pictures are in the object store under `key`. */
export class SamplesStore {
  constructor(private readonly session: Session) {}

  /** One an epoch, that of the newest attempt which reached it. */
  ofRun(runId: string): Promise<Sample[]> {
    return this.session.read(async (sql) => {
      const rows = await sql.rows<SampleEntity>(
        `SELECT DISTINCT ON (epoch) * FROM samples WHERE run_id = $1 ORDER BY epoch, attempt DESC`,
        [runId],
      );
      return rows.map(toSample);
    });
  }

  find(runId: string, attempt: number, epoch: number): Promise<Sample | null> {
    return this.session.read(async (sql) => {
      const row = await sql.repository(SampleEntity).findOneBy({ runId, attempt, epoch });
      return row && toSample(row);
    });
  }
}

const toSample = (row: SampleEntity): Sample => ({
  runId: row.runId,
  attempt: row.attempt,
  epoch: row.epoch,
  step: row.step,
  key: row.key,
  tileSize: row.tileSize,
  images: row.images,
  at: row.at.toISOString(),
});
