import pg from 'pg';

/** Ends, from the server's side, the connections to this database whose application name is `name`. Answers how many. */
export async function endConnections(databaseUrl: string, name: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = $1 AND pid <> pg_backend_pid()`,
      [name],
    );
    return rowCount ?? 0;
  } finally {
    await client.end();
  }
}
