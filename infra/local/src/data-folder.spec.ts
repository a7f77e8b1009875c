import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { DataFolder, removeLockOf } from './data-folder.js';

it('refuses a folder that another launcher holds, and takes it once that one has closed it', () => {
  const folder = temporary();
  const first = DataFolder.open(folder);

  expect(() => DataFolder.open(folder)).toThrow(`already runs on ${folder} (process ${process.pid})`);

  first.close();
  DataFolder.open(folder).close();
});

it('takes over the lock of a launcher that was killed, even when its process number is used again', () => {
  const folder = temporary();
  const ended = spawnSync(process.execPath, ['--eval', '']).pid;
  for (const holder of [`${ended} 1`, `${process.pid} 1`]) {
    writeFileSync(path.join(folder, 'launcher.lock'), holder);

    const data = DataFolder.open(folder);

    expect(readFileSync(path.join(folder, 'launcher.lock'), 'utf8')).not.toBe(holder);
    expect(() => DataFolder.open(folder)).toThrow('already runs');
    data.close();
  }
});

it('tries whether it can write apart from a launcher that starts at the same time', () => {
  const folder = temporary();
  mkdirSync(path.join(folder, '.writable')); // what that one could be writing

  const data = DataFolder.open(folder);

  expect(readdirSync(folder).filter((name) => name.startsWith('.writable'))).toEqual(['.writable']);
  data.close();
});

it('leaves the lock of a launcher that took over in the meantime', () => {
  const folder = temporary();
  const lock = path.join(folder, 'launcher.lock');
  writeFileSync(lock, '2 2');

  removeLockOf('1 1', lock);
  expect(readFileSync(lock, 'utf8')).toBe('2 2');

  removeLockOf('2 2', lock);
  removeLockOf('2 2', lock); // which is gone
  expect(readdirSync(folder)).toEqual([]);
});

it('announces what runs where in a file only its owner can read, and takes it back', () => {
  const folder = temporary();
  const data = DataFolder.open(folder);

  data.announce({ apiUrl: 'http://127.0.0.1:4300', pids: { launcher: 1 } });

  const file = path.join(folder, 'services.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    apiUrl: 'http://127.0.0.1:4300',
    pids: { launcher: 1 },
  });
  data.close();
  expect(existsSync(file)).toBe(false);
});

it.each(['/proc/chromatune', '/dev/null/data'])('says why %s cannot be a data folder', (folder) => {
  expect(() => DataFolder.open(folder)).toThrow(/folder .* cannot be used/);
});

const temporary = () => mkdtempSync(path.join(tmpdir(), 'chromatune-data-'));
