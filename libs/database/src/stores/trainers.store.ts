import { DomainError, type Trainer } from '@chromatune/contracts';
import { type TrainerEntity } from '../entities/trainer.entity.js';
import { type Session, type Sql } from '../session.js';
import { onlineSeconds } from './run-row.js';

export type NewTrainer = Pick<
  Trainer,
  'id' | 'host' | 'pool' | 'slots' | 'environment' | 'engineReason' | 'memoryBytes'
>;

/** Machines that train, or did in the last day. */
export class TrainersStore {
  constructor(private readonly session: Session) {}

  /** At its start. A trainer that was draining takes runs again. */
  register(trainer: NewTrainer): Promise<Trainer> {
    return this.session.transaction(async (sql) => {
      const { id, host, pool, slots, environment, engineReason, memoryBytes } = trainer;
      await sql.change(
        `INSERT INTO trainers (id, host, pool, slots, environment, engine_reason, memory_bytes)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET host = excluded.host, pool = excluded.pool, slots = excluded.slots,
           environment = excluded.environment, engine_reason = excluded.engine_reason,
           memory_bytes = excluded.memory_bytes, draining = false, started_at = now(), last_seen_at = now()`,
        [id, host, pool, slots, JSON.stringify(environment), engineReason, memoryBytes],
      );
      await sql.announce({ type: 'trainers' });
      return (await readTrainers(sql, id))[0]!;
    });
  }

  /** Says that it lives. Answers whether it should take no more runs, or null when it must register first. */
  heartbeat(id: string): Promise<{ draining: boolean } | null> {
    return this.session.read(async (sql) => {
      const row = await sql.row<{ draining: boolean }>(
        `UPDATE trainers SET last_seen_at = now() WHERE id = $1 RETURNING draining`,
        [id],
      );
      return row ?? null;
    });
  }

  /** Its end, in order: it is offline at once. */
  async leave(id: string): Promise<void> {
    await this.session.transaction(async (sql) => {
      await sql.change(`UPDATE trainers SET last_seen_at = now() - make_interval(secs => $2) WHERE id = $1`, [
        id,
        onlineSeconds + 1,
      ]);
      await sql.announce({ type: 'trainers' });
    });
  }

  list(): Promise<Trainer[]> {
    return this.session.read((sql) => readTrainers(sql));
  }

  /** Error: `trainer_not_found`. */
  setDraining(id: string, draining: boolean): Promise<Trainer> {
    return this.session.transaction(async (sql) => {
      await sql.change(`UPDATE trainers SET draining = $2 WHERE id = $1`, [id, draining]);
      const [trainer] = await readTrainers(sql, id);
      if (!trainer) throw new DomainError('trainer_not_found', 404, `There is no trainer ${id}.`);
      await sql.announce({ type: 'trainers' });
      return trainer;
    });
  }
}

type Row = TrainerEntity & { online: boolean; runs: string[] };

async function readTrainers(sql: Sql, id: string | null = null): Promise<Trainer[]> {
  const rows = await sql.rows<Row>(
    `SELECT t.*, t.last_seen_at > now() - make_interval(secs => $2) AS online,
       ARRAY(SELECT a.run_id FROM attempts a WHERE a.trainer_id = t.id AND a.state = 'running' ORDER BY a.run_id) AS runs
     FROM trainers t
     WHERE CASE WHEN $1::text IS NULL THEN t.last_seen_at > now() - interval '1 day' ELSE t.id = $1 END
     ORDER BY online DESC, t.host, t.id LIMIT 1000`,
    [id, onlineSeconds],
  );
  return rows.map(toTrainer);
}

const toTrainer = (row: Row): Trainer => ({
  id: row.id,
  host: row.host,
  pool: row.pool,
  slots: row.slots,
  environment: row.environment,
  engineReason: row.engineReason,
  memoryBytes: Number(row.memoryBytes),
  draining: row.draining,
  startedAt: row.startedAt.toISOString(),
  lastSeenAt: row.lastSeenAt.toISOString(),
  online: row.online,
  runs: row.runs,
});
