import {
  DomainError,
  type RunState,
  type Sweep,
  type SweepDetail,
  type SweepSpec,
  type SweepState,
} from '@chromatune/contracts';
import { type SweepEntity } from '../entities/sweep.entity.js';
import { metricsBetterHigher } from '../runs/progress.js';
import { type Session, type Sql } from '../session.js';

export interface NewSweep {
  id: string;
  spec: SweepSpec;
  yaml: string;
  datasetDigest: string;
  plannedRuns: number;
  varying: string[];
}

/** What the scheduler needs of a sweep. */
export interface ActiveSweep {
  sweep: Sweep;
  createdRuns: number;
  /** Queued or running. */
  activeRuns: number;
}

export class SweepsStore {
  constructor(private readonly session: Session) {}

  insert(sweep: NewSweep): Promise<SweepDetail> {
    return this.session.transaction(async (sql) => {
      const { id, spec, yaml, datasetDigest, plannedRuns, varying } = sweep;
      await sql.change(
        `INSERT INTO sweeps (id, name, spec, yaml, dataset_digest, varying, planned_runs) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [id, spec.name, JSON.stringify(spec), yaml, datasetDigest, JSON.stringify(varying), plannedRuns],
      );
      await sql.announce({ type: 'sweep', sweepId: id });
      return (await readSweeps(sql, { id }))[0]!;
    });
  }

  /** Newest first, 500 at most. */
  list(): Promise<Sweep[]> {
    return this.session.snapshot(async (sql) =>
      (await readSweeps(sql, {})).map(({ yaml: _, ...sweep }) => sweep),
    );
  }

  find(id: string): Promise<SweepDetail | null> {
    return this.session.snapshot(async (sql) => (await readSweeps(sql, { id }))[0] ?? null);
  }

  /** Error: `sweep_not_found`. What becomes of its runs is the scheduler's business. */
  setState(id: string, state: SweepState): Promise<Sweep> {
    return this.session.transaction(async (sql) => {
      await sql.change(
        `UPDATE sweeps SET state = $2, ended_at = CASE WHEN $2 IN ('completed', 'cancelled') THEN coalesce(ended_at, now()) END
         WHERE id = $1`,
        [id, state],
      );
      const [sweep] = await readSweeps(sql, { id });
      if (!sweep) throw sweepNotFound(id);
      await sql.announce({ type: 'sweep', sweepId: id });
      return sweep;
    });
  }

  /** Sweeps whose state is running, oldest first. */
  active(): Promise<ActiveSweep[]> {
    return this.session.snapshot(async (sql) => {
      const sweeps = await readSweeps(sql, { state: 'running' });
      return sweeps.reverse().map(({ yaml: _, ...sweep }) => ({
        sweep,
        createdRuns: sum(Object.values(sweep.runsByState)),
        activeRuns: (sweep.runsByState.queued ?? 0) + (sweep.runsByState.running ?? 0),
      }));
    });
  }
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

export const sweepNotFound = (id: string) =>
  new DomainError('sweep_not_found', 404, `There is no sweep ${id}.`, {
    remedy: 'List the sweeps to see their ids.',
  });

type Row = SweepEntity & { datasetName: string };

async function readSweeps(sql: Sql, where: { id?: string; state?: SweepState }): Promise<SweepDetail[]> {
  const rows = await sql.rows<Row>(
    `SELECT s.*, d.name AS dataset_name FROM sweeps s JOIN dataset_versions d ON d.digest = s.dataset_digest
     WHERE ($1::text IS NULL OR s.id = $1) AND ($2::text IS NULL OR s.state = $2)
     ORDER BY s.created_at DESC, s.id LIMIT 500`,
    [where.id ?? null, where.state ?? null],
  );
  const ids = rows.map((row) => row.id);
  const counts = await countRuns(sql, ids);
  const bests = await findBests(sql, ids);
  return rows.map((row) => toSweep(row, counts, bests));
}

interface RunCount {
  sweepId: string;
  state: RunState;
  count: number;
}
const countRuns = (sql: Sql, ids: string[]) =>
  sql.rows<RunCount>(
    `SELECT sweep_id, state, count(*)::int AS count FROM runs WHERE sweep_id = ANY ($1) GROUP BY sweep_id, state`,
    [ids],
  );

type Best = NonNullable<Sweep['best']> & { sweepId: string };
/** The best run by each sweep's own objective; without a goal, what is better follows from the metric. */
const findBests = (sql: Sql, ids: string[]) =>
  sql.rows<Best>(
    `SELECT DISTINCT ON (r.sweep_id) r.sweep_id, r.id AS run_id, r.label, found.value, found.epoch, r.baselines
     FROM runs r
     JOIN sweeps s ON s.id = r.sweep_id
     CROSS JOIN LATERAL (SELECT r.best -> (s.spec -> 'objective' ->> 'metric') AS best) AS objective
     CROSS JOIN LATERAL (SELECT (objective.best ->> 'value')::float8 AS value, (objective.best ->> 'epoch')::float8 AS epoch) AS found
     WHERE r.sweep_id = ANY ($1) AND found.value IS NOT NULL
     ORDER BY r.sweep_id, CASE
       WHEN coalesce(s.spec -> 'objective' ->> 'goal',
         CASE WHEN s.spec -> 'objective' ->> 'metric' = ANY ($2) THEN 'maximize' ELSE 'minimize' END) = 'maximize'
       THEN -found.value ELSE found.value END, r.index`,
    [ids, metricsBetterHigher],
  );

function toSweep(row: Row, counts: RunCount[], bests: Best[]): SweepDetail {
  const ofSweep = counts.filter((count) => count.sweepId === row.id);
  const best = bests.find((candidate) => candidate.sweepId === row.id);
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    spec: row.spec,
    dataset: { name: row.datasetName, digest: row.datasetDigest },
    varying: row.varying,
    plannedRuns: row.plannedRuns,
    runsByState: Object.fromEntries(ofSweep.map(({ state, count }) => [state, count])),
    best: best ? toBest(best) : null,
    createdAt: row.createdAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
    yaml: row.yaml,
  };
}

const toBest = ({ sweepId: _, ...best }: Best): Sweep['best'] => best;
