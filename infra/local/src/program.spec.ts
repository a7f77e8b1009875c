import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { Program } from './program.js';

let program: Program | undefined;
afterEach(() => program?.kill());

it('starts a program that was killed again, and logs what it says', async () => {
  const { lines, restarts } = start(`console.log('at work'); setInterval(() => {}, 1000);`);
  await vi.waitFor(() => expect(lines).toEqual(['at work']), 10_000);
  const firstPid = program!.pid!;

  process.kill(firstPid, 'SIGKILL');

  await vi.waitFor(() => expect(lines).toEqual(['at work', 'at work']), 10_000);
  expect(program!.pid).not.toBe(firstPid);
  expect(restarts).toEqual(['was killed by SIGKILL']);
});

it('asks a program to end before it forces it', async () => {
  const { lines, log } = start(
    `process.on('SIGTERM', () => { console.log('saved'); process.exit(0); }); console.log('up'); setInterval(() => {}, 1000);`,
  );
  await vi.waitFor(() => expect(lines).toContain('up'), 10_000);

  await program!.stop(10_000);

  await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toBe('up\nsaved\n'));
});

it('forces a program that does not end in time', async () => {
  const { lines } = start(`process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000);`);
  await vi.waitFor(() => expect(lines).toContain('up'), 10_000);

  await program!.stop(200);

  expect(program!.pid).toBeUndefined();
});

it('does not start a program again whose settings are wrong', async () => {
  const { restarts, refusals } = start(`process.exit(78);`);

  await vi.waitFor(() => expect(refusals).toEqual(['program']), 10_000);
  expect(restarts).toEqual([]);
});

function start(code: string) {
  const folder = mkdtempSync(path.join(tmpdir(), 'chromatune-program-'));
  const file = path.join(folder, 'program.mjs');
  writeFileSync(file, code);
  const lines: string[] = [];
  const restarts: string[] = [];
  const refusals: string[] = [];
  const log = path.join(folder, 'program.log');
  program = new Program({
    name: 'program',
    file,
    environment: {},
    logFile: log,
    preload: [],
    onLine: (_, line) => lines.push(line),
    onStart: () => {},
    onRestart: (_, reason) => restarts.push(reason),
    onRefused: (name) => refusals.push(name),
  });
  program.start();
  return { lines, restarts, refusals, log };
}
