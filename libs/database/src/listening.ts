import { setTimeout as sleep } from 'node:timers/promises';
import { type Change, change } from '@chromatune/contracts';
import pg from 'pg';
import { explainConnectionError } from './connection-errors.js';
import { channel } from './session.js';

/** A connection that says nothing may be dead: a silent one is asked this often. */
const probeMs = 10_000;

/**
 * Calls `onChange` for every change that a store announces, over one connection of its own. When that breaks, it
 * connects again and calls `onReconnect`: what was announced meanwhile is lost, so the caller must look for itself.
 * Answers how to stop. The first connection must succeed; error: `database_unavailable`.
 */
export async function listen(
  url: string,
  onChange: (change: Change) => void,
  onReconnect: () => void,
): Promise<() => Promise<void>> {
  let stopped = false;
  let current = await connectListener(url, onChange).catch((error: unknown) => {
    throw explainConnectionError(error, url);
  });

  const keepListening = async () => {
    while (!stopped) {
      await current.broken;
      for (let wait = 50; !stopped; wait = Math.min(wait * 2, 5000)) {
        try {
          current = await connectListener(url, onChange);
          if (stopped) await current.end();
          else onReconnect();
          break;
        } catch {
          await sleep(wait);
        }
      }
    }
  };
  void keepListening();
  return async () => {
    stopped = true;
    await current.end();
  };
}

async function connectListener(url: string, onChange: (change: Change) => void) {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'chromatune listener',
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    query_timeout: probeMs,
  });
  const broken = untilBroken(client);
  client.on('notification', ({ payload }) => {
    const parsed = change.safeParse(parseJson(payload ?? ''));
    if (parsed.success) onChange(parsed.data); // others may come from a newer version beside us
  });
  try {
    await client.connect();
    await client.query(`LISTEN ${channel}`);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  const probe = setInterval(() => void client.query('SELECT 1').catch(() => breakOff(client)), probeMs);
  void broken.then(() => clearInterval(probe));
  return { broken, end: () => client.end().catch(() => undefined) };
}

/** Resolves when a connection has ended, for whatever reason. */
export function untilBroken(client: pg.Client): Promise<void> {
  return new Promise((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
  });
}

/** Ends a connection without waiting for a server that may not answer. */
export function breakOff(client: pg.Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
