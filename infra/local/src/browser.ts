import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Path of a Chromium for the end-to-end tests, or undefined. CHROMATUNE_BROWSER names another. */
export function findBrowser(
  environment: Record<string, string | undefined> = process.env,
): string | undefined {
  return [environment.CHROMATUNE_BROWSER, ...candidates].find(
    (file) => file !== undefined && fs.existsSync(file),
  );
}

/** Makes sure that a browser is there: with apt where we are root, else says which command to run. The end-to-end tests fail without it. */
export async function ensureBrowser(): Promise<void> {
  if (findBrowser()) return;
  if (process.getuid?.() === 0 && fs.existsSync('/usr/bin/apt-get')) {
    console.log('chromium (apt-get install) …');
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    const options = ['-y', '-qq', '--no-install-recommends'];
    const installed = spawnSync('apt-get', ['install', ...options, 'chromium', 'fonts-dejavu-core'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (installed.status === 0 && findBrowser()) return;
  }
  console.error(
    '✖ No Chromium for the end-to-end tests.\n  → sudo apt-get install -y chromium   (or set CHROMATUNE_BROWSER to one)',
  );
}
