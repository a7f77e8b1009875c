import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { LogFile } from './log-file.js';

it('keeps at most two files of 10 MiB, the newest lines in the first', () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'chromatune-log-')), 'api.log');
  const log = new LogFile(file);
  const line = 'x'.repeat(1024 * 1024);

  for (let index = 0; index < 25; index++) log.write(`${index} ${line}`);
  log.write('the newest');

  expect(readFileSync(file, 'utf8')).toMatch(/the newest\n$/);
  expect(statSync(file).size).toBeLessThan(10 * 1024 * 1024);
  expect(statSync(`${file}.1`).size).toBeLessThan(10 * 1024 * 1024);
});

it('stops nothing when there is no room for older lines, and logs again once there is', () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'chromatune-log-')), 'api.log');
  const log = new LogFile(file);
  mkdirSync(path.join(`${file}.1`, 'in the way'), { recursive: true });

  for (let index = 0; index < 12; index++) log.write('x'.repeat(1024 * 1024));
  rmSync(`${file}.1`, { recursive: true });
  log.write('y'.repeat(1024 * 1024));

  expect(readFileSync(file, 'utf8')).toMatch(/^y+\n$/);
});
