import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import { defaultPort, type RunningServices } from '../config/settings.js';
import type { Finding } from './finding.js';

/** The dashboard's port: free, used by this Chromatune, or by whom. */
export async function checkPorts(running: RunningServices | null): Promise<Finding> {
  const name = `port ${defaultPort}`;
  if (await isFree(defaultPort)) return { name, status: 'ok', detail: 'free' };
  const holder = holderOf(defaultPort);
  if (holder && Object.values(running?.pids ?? {}).includes(holder.pid)) {
    return { name, status: 'ok', detail: 'used by this Chromatune' };
  }
  const who = holder ? `process ${holder.pid} (${holder.command})` : 'a process of another user';
  return {
    name,
    status: 'note',
    detail: `used by ${who}; npm start takes the next free one`,
    remedy: 'End that process, or choose: npm start -- --port N.',
  };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Who listens on a port, from /proc: null where that is hidden, or elsewhere than on Linux. */
export function holderOf(port: number): { pid: number; command: string } | null {
  const sockets = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningSockets(file, port)),
  );
  if (sockets.size === 0) return null;
  for (const pid of attempt(() => readdirSync('/proc'), []).filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}/fd`;
    const holds = attempt(() => readdirSync(folder), []).some((file) =>
      sockets.has(attempt(() => readlinkSync(`${folder}/${file}`), '')),
    );
    if (holds) return { pid: Number(pid), command: commandOf(pid) };
  }
  return null;
}

/** Rows are `sl local_address rem_address st … inode`; state 0A is listening. */
function listeningSockets(file: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return attempt(() => readFileSync(file, 'utf8'), '')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(suffix) && state === '0A')
    .map((columns) => `socket:[${columns[9]}]`);
}

const commandOf = (pid: string) =>
  attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'), '')
    .replaceAll('\0', ' ')
    .trim()
    .slice(0, 80);

function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
