import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { onPath } from './find-program.js';

/** Says something again and again, and has half a second of work to do once its terminal is closed. */
const program = (done: string) => `
import { writeFileSync } from 'node:fs';
import { outliveTerminal, say } from '${new URL('../dist/terminal.js', import.meta.url).href}';
outliveTerminal();
process.on('uncaughtExceptionMonitor', (error) => writeFileSync('${done}', error.message));
process.on('SIGHUP', () => setTimeout(() => {
  writeFileSync('${done}', 'in order');
  process.exit();
}, 500));
setInterval(() => say('line'), 20);`;

it.skipIf(process.platform !== 'linux' || !onPath('script'))(
  'goes on with its work when its terminal is closed',
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'chromatune-terminal-'));
    const [file, done] = [path.join(folder, 'program.mjs'), path.join(folder, 'done')];
    writeFileSync(file, program(done));
    const terminal = spawn('script', ['-qfec', `${process.execPath} ${file}`, '/dev/null']); // a terminal as long as it lives
    await new Promise((resolve) => terminal.stdout.once('data', resolve));

    terminal.kill('SIGKILL');

    while (!existsSync(done)) await sleep(20);
    expect(readFileSync(done, 'utf8')).toBe('in order');
  },
);
