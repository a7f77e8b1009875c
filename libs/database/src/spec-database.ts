import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { type Database, type DatabaseOptions, openDatabase } from './database.js';

export interface SpecDatabase {
  database: Database;
  url: string;
  /** Any statement, past the stores. */
  sql<Row = Record<string, unknown>>(text: string, parameters?: unknown[]): Promise<Row[]>;
}

/**
 * A clone of its own for the tests of a file, made before and gone after them. Only specs may import test/support,
 * so they bring `cloneDatabase` along.
 */
export function useDatabase(
  cloneDatabase: () => Promise<{ url: string; drop(): Promise<void> }>,
  options: DatabaseOptions = {},
): SpecDatabase {
  const spec = {} as SpecDatabase;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const clone = await cloneDatabase();
    drop = clone.drop;
    spec.url = clone.url;
    spec.database = await openDatabase(clone.url, options);
    spec.sql = (text, parameters) => query(clone.url, text, parameters);
  });
  afterAll(async () => {
    await spec.database.close();
    await drop();
  });
  return spec;
}

async function query<Row>(url: string, text: string, parameters: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, parameters)).rows as Row[];
  } finally {
    await client.end();
  }
}

/** Every row of every table, to show that nothing changed. */
export async function contents({ sql }: SpecDatabase): Promise<string> {
  const tables = ['sweeps', 'runs', 'attempts', 'points', 'samples', 'checkpoints', 'log_lines'];
  const all = [];
  for (const table of tables) all.push(await sql(`SELECT ${table}::text AS row FROM ${table} ORDER BY 1`));
  return JSON.stringify(all);
}

/** An empty database again. */
export const clear = ({ sql }: SpecDatabase) =>
  sql(
    `TRUNCATE log_lines, checkpoints, samples, points, attempts, runs, sweeps, dataset_versions, trainers, weights, memory_corrections CASCADE`,
  );
