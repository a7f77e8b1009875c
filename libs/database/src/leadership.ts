import pg from 'pg';
import { explainConnectionError } from './connection-errors.js';
import { breakOff, untilBroken } from './listening.js';

/** Held by one process of all that use the database, as long as its connection lives. */
export interface Leadership {
  /** Resolves when it is no longer held, whether released or broken off. */
  lost: Promise<void>;
  isHeld(): boolean;
  release(): Promise<void>;
}

/** A leader that cannot reach the server must know before the server gives the lock to another. */
const probeMs = 3000;

/** Null when another process leads. Error: `database_unavailable`. */
export async function tryLeadership(url: string, name: string): Promise<Leadership | null> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `chromatune leader of ${name}`,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    query_timeout: probeMs,
  });
  const broken = untilBroken(client);
  try {
    await client.connect();
    // When our machine vanishes without a word, the server frees the lock after about 25 s.
    await client.query(
      'SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3',
    );
    const { rows } = await client.query<{ held: boolean }>(
      `SELECT pg_try_advisory_lock(hashtextextended('chromatune/' || $1, 0)) AS held`,
      [name],
    );
    if (rows[0]?.held) return hold(client, broken);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw explainConnectionError(error, url);
  }
  await client.end().catch(() => undefined);
  return null;
}

function hold(client: pg.Client, broken: Promise<void>): Leadership {
  let held = true;
  const probe = setInterval(() => void client.query('SELECT 1').catch(() => breakOff(client)), probeMs);
  const lost = broken.then(() => {
    held = false;
    clearInterval(probe);
  });
  return { lost, isHeld: () => held, release: () => client.end().catch(() => undefined) };
}
