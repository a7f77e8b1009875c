import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** The first schema. Columns of type `json`, not `jsonb`, keep the order of keys: a sweep enumerates its space in that order. */
export class CreateSchema1763856000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE dataset_versions (
        digest text PRIMARY KEY,
        name text NOT NULL,
        importer text NOT NULL CONSTRAINT dataset_versions_importer_check CHECK (importer IN ('photos', 'npy', 'synthetic')),
        image_size integer NOT NULL,
        images json NOT NULL,
        bytes bigint NOT NULL,
        shards integer NOT NULL,
        manifest json NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX dataset_versions_name_idx ON dataset_versions (name, created_at)`);

    await runner.query(`
      CREATE TABLE sweeps (
        id text PRIMARY KEY,
        name text NOT NULL,
        state text NOT NULL DEFAULT 'running'
          CONSTRAINT sweeps_state_check CHECK (state IN ('running', 'paused', 'completed', 'cancelled')),
        spec json NOT NULL,
        yaml text NOT NULL,
        dataset_digest text NOT NULL CONSTRAINT sweeps_dataset_digest_fkey REFERENCES dataset_versions (digest),
        varying json NOT NULL,
        planned_runs integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz
      )`);

    await runner.query(`
      CREATE TABLE runs (
        id text PRIMARY KEY,
        sweep_id text CONSTRAINT runs_sweep_id_fkey REFERENCES sweeps (id),
        index integer NOT NULL,
        label text NOT NULL,
        parameters json NOT NULL,
        recipe json NOT NULL,
        recipe_digest text,
        environment json,
        pool text NOT NULL DEFAULT 'default',
        state text NOT NULL DEFAULT 'queued' CONSTRAINT runs_state_check
          CHECK (state IN ('queued', 'running', 'paused', 'completed', 'stoppedEarly', 'failed', 'cancelled')),
        command text NOT NULL DEFAULT 'continue'
          CONSTRAINT runs_command_check CHECK (command IN ('continue', 'pause', 'cancel')),
        attempt integer NOT NULL DEFAULT 0,
        restarts integer NOT NULL DEFAULT 0,
        step integer NOT NULL DEFAULT 0,
        epoch double precision NOT NULL DEFAULT 0,
        epochs integer NOT NULL,
        total_steps integer,
        latest json NOT NULL DEFAULT '{}',
        best json NOT NULL DEFAULT '{}',
        baselines json,
        failure json,
        weights_sha256 text,
        reproduction_of text CONSTRAINT runs_reproduction_of_fkey REFERENCES runs (id),
        verdict json,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        ended_at timestamptz
      )`);
    await runner.query(`CREATE INDEX runs_sweep_id_idx ON runs (sweep_id, index)`);
    await runner.query(`CREATE INDEX runs_reproduction_of_idx ON runs (reproduction_of)`);
    await runner.query(`CREATE INDEX runs_state_idx ON runs (state) WHERE state IN ('queued', 'running')`);

    await runner.query(`
      CREATE TABLE attempts (
        run_id text NOT NULL CONSTRAINT attempts_run_id_fkey REFERENCES runs (id),
        number integer NOT NULL,
        state text NOT NULL DEFAULT 'running' CONSTRAINT attempts_state_check
          CHECK (state IN ('running', 'completed', 'paused', 'cancelled', 'released', 'lost', 'failed')),
        trainer_id text NOT NULL,
        resumed_from_step integer NOT NULL,
        environment json NOT NULL,
        last_seq integer NOT NULL DEFAULT 0,
        lease_seconds double precision NOT NULL,
        lease_until timestamptz NOT NULL,
        last_seen_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        reason text,
        failure json,
        PRIMARY KEY (run_id, number)
      )`);
    await runner.query(
      `CREATE INDEX attempts_trainer_id_idx ON attempts (trainer_id) WHERE state = 'running'`,
    );
    await runner.query(
      `CREATE INDEX attempts_lease_until_idx ON attempts (lease_until) WHERE state = 'running'`,
    );

    // A step measured by an attempt counts until a later attempt began at or before it. Step 0 counts as re-run
    // when the later attempt began from the initial weights.
    await runner.query(`
      CREATE VIEW attempt_cuts AS
      SELECT run_id, number AS attempt,
        min(CASE WHEN resumed_from_step = 0 THEN -1 ELSE resumed_from_step END) OVER (
          PARTITION BY run_id ORDER BY number ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS cut_step
      FROM attempts`);

    // No foreign key: the rows are written under the lock of their run, and checking each would cost a third of the speed.
    await runner.query(`
      CREATE TABLE points (
        run_id text NOT NULL,
        attempt integer NOT NULL,
        seq integer NOT NULL,
        metric text NOT NULL,
        step integer NOT NULL,
        epoch double precision NOT NULL,
        value double precision NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (run_id, attempt, seq)
      )`);
    await runner.query(`CREATE INDEX points_run_id_metric_step_idx ON points (run_id, metric, step)`);

    await runner.query(`
      CREATE TABLE samples (
        run_id text NOT NULL CONSTRAINT samples_run_id_fkey REFERENCES runs (id),
        attempt integer NOT NULL,
        epoch integer NOT NULL,
        step integer NOT NULL,
        key text NOT NULL,
        tile_size integer NOT NULL,
        images json NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (run_id, attempt, epoch)
      )`);

    await runner.query(`
      CREATE TABLE checkpoints (
        run_id text NOT NULL CONSTRAINT checkpoints_run_id_fkey REFERENCES runs (id),
        attempt integer NOT NULL,
        step integer NOT NULL,
        epoch double precision NOT NULL,
        kind text NOT NULL CONSTRAINT checkpoints_kind_check CHECK (kind IN ('epoch', 'pause', 'final')),
        key text NOT NULL,
        bytes bigint NOT NULL,
        sha256 text NOT NULL,
        weights_sha256 text NOT NULL,
        ab_rmse double precision,
        at timestamptz NOT NULL,
        removed_at timestamptz,
        PRIMARY KEY (run_id, attempt, step)
      )`);

    await runner.query(`
      CREATE TABLE log_lines (
        run_id text NOT NULL CONSTRAINT log_lines_run_id_fkey REFERENCES runs (id),
        attempt integer NOT NULL,
        seq integer NOT NULL,
        level text NOT NULL CONSTRAINT log_lines_level_check CHECK (level IN ('info', 'warn', 'error')),
        message text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (run_id, attempt, seq)
      )`);

    await runner.query(`
      CREATE TABLE trainers (
        id text PRIMARY KEY,
        host text NOT NULL,
        pool text NOT NULL,
        slots integer NOT NULL,
        environment json NOT NULL,
        engine_reason text NOT NULL,
        memory_bytes bigint NOT NULL,
        draining boolean NOT NULL DEFAULT false,
        started_at timestamptz NOT NULL DEFAULT now(),
        last_seen_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP VIEW attempt_cuts`);
    for (const table of [
      'trainers',
      'log_lines',
      'checkpoints',
      'samples',
      'points',
      'attempts',
      'runs',
      'sweeps',
      'dataset_versions',
    ])
      await runner.query(`DROP TABLE ${table}`);
  }
}
