import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findApiUrl, readServices, readSettings } from './settings.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cli-settings-'));
  for (const name of ['.chromatune', 'other']) mkdirSync(path.join(folder, name));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the address of the API', () => {
  it('is the default port where nothing is known', () => {
    expect(findApiUrl(readSettings({}, folder), {})).toBe('http://127.0.0.1:4300');
  });

  it('is the one that npm start wrote, else CHROMATUNE_API_URL before it, else --api before all', () => {
    announce('.chromatune', 'http://127.0.0.1:4305');
    const named = readSettings({ CHROMATUNE_API_URL: 'http://gpu:1/' }, folder);

    expect(findApiUrl(readSettings({}, folder), {})).toBe('http://127.0.0.1:4305');
    expect(findApiUrl(named, {})).toBe('http://gpu:1');
    expect(findApiUrl(named, { api: 'http://here:2/api/' })).toBe('http://here:2');
  });

  it('is the one of a data folder that is named', () => {
    announce('other', 'http://127.0.0.1:4399');
    const named = readSettings({ CHROMATUNE_API_URL: 'http://gpu:1' }, folder);

    expect(findApiUrl(named, { dataDir: path.join(folder, 'other') })).toBe('http://127.0.0.1:4399');
  });

  it.each(['127.0.0.1:4300', 'localhost:4300/api', 'ftp://here'])('is not %s', (api) => {
    expect(() => findApiUrl(readSettings({}, folder), { api })).toThrow('does not begin with http://');
  });

  it('is not guessed where nothing runs on the data folder that is named', () => {
    announce('.chromatune', 'http://127.0.0.1:4305');
    const dataDir = path.join(folder, 'nowhere');
    const named = readSettings({ CHROMATUNE_API_URL: 'http://gpu:1' }, folder);

    expect(() => findApiUrl(named, { dataDir })).toThrow(`No Chromatune runs on ${dataDir}.`);
    expect(findApiUrl(named, { dataDir, api: 'http://here:2' })).toBe('http://here:2');
  });
});

it('a damaged services.json counts as nothing running', () => {
  writeFileSync(path.join(folder, 'other', 'services.json'), '{"apiUrl": 5');

  expect(readServices(path.join(folder, 'other'))).toBeNull();
});

function announce(name: string, apiUrl: string): void {
  writeFileSync(path.join(folder, name, 'services.json'), JSON.stringify({ apiUrl, pids: { api: 1 } }));
}
