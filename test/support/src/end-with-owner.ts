import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const watchdog = fileURLToPath(new URL('../src/watchdog.mjs', import.meta.url));

/**
 * Ends the process `pid` and removes `folder` once the process `owner` is gone, even when that was killed.
 * Tests must leave nothing behind, however they end.
 */
export function endWithOwner({
  pid,
  folder,
  owner = process.pid,
}: {
  pid: number;
  folder?: string;
  owner?: number;
}): void {
  const child = spawn(process.execPath, [watchdog, String(owner), String(pid), ...(folder ? [folder] : [])], {
    stdio: 'ignore',
    detached: true,
  });
  child.unref();
}
