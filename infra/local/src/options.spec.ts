import path from 'node:path';
import { expect, it } from 'vitest';
import { readOptions } from './options.js';

const root = '/repository';

it('keeps everything in .chromatune and launches the first sweep unless told otherwise', () => {
  expect(readOptions([], root)).toEqual({
    dataFolder: '/repository/.chromatune',
    port: 4300,
    photos: undefined,
    launchSweep: true,
  });
});

it('reads every option, folders relative to where the command was typed', () => {
  const here = process.env.INIT_CWD ?? process.cwd();

  expect(
    readOptions(['--photos', 'pictures', '--data-dir', '/data', '--port', '5000', '--no-sweep'], root),
  ).toEqual({
    dataFolder: '/data',
    port: 5000,
    photos: path.join(here, 'pictures'),
    launchSweep: false,
  });
});

it.each(['0', '65536', '80.5', 'http'])('refuses %s as a port and names what is allowed', (port) => {
  expect(() => readOptions(['--port', port], root)).toThrow(`--port ${port} is not a port`);
});

it('refuses an option it does not know', () => {
  expect(() => readOptions(['--prot', '4300'], root)).toThrow("Unknown option '--prot'");
});
