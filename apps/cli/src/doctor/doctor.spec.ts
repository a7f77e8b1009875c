import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../api/api-client.js';
import type { Settings } from '../config/settings.js';
import { FakeApi } from '../fake-api.fixture.js';
import { checkApi, checkTrainers } from './check-api.js';
import { checkDataFolder } from './check-data-folder.js';
import { holderOf } from './check-ports.js';
import {
  checkBuild,
  checkCompiler,
  checkNode,
  checkPostgres,
  checkPython,
  checkRedis,
} from './check-programs.js';

let folder: string;
let bare: Settings;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cli-doctor-'));
  bare = { repository: folder, apiUrl: undefined, cacheFolder: folder, environment: { PATH: '/nowhere' } };
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the doctor', () => {
  it('wants Node 20.19', async () => {
    expect(await checkNode('20.18.3')).toMatchObject({
      status: 'problem',
      remedy: expect.stringContaining('20.19'),
    });
    expect(await checkNode('20.19.0')).toMatchObject({ status: 'ok' });
    expect(await checkNode('22.1.0')).toMatchObject({ status: 'ok' });
  });

  it('takes what can be done without for a note, what cannot for a problem, each with a remedy', async () => {
    const found = await Promise.all([
      checkPython(bare),
      checkCompiler(bare),
      checkRedis(bare),
      checkPostgres(bare),
      checkBuild(bare),
    ]);

    expect(found.map(({ name, status }) => [name, status])).toEqual([
      ['python', 'note'],
      ['compiler', 'note'],
      ['redis', 'note'],
      ['postgres', 'problem'],
      ['build', 'problem'],
    ]);
    for (const { remedy } of found) expect(remedy).toBeTruthy();
  });

  it('leaves services of your own to you', async () => {
    const environment = {
      ...bare.environment,
      DATABASE_URL: 'postgres://elsewhere',
      REDIS_URL: 'redis://elsewhere',
    };

    expect(await checkPostgres({ ...bare, environment })).toMatchObject({ status: 'ok' });
    expect(await checkRedis({ ...bare, environment })).toMatchObject({ status: 'ok' });
  });

  it('says how much room the data folder has, also before it is made', async () => {
    const { detail } = await checkDataFolder(path.join(folder, 'new', '.chromatune'));

    expect(detail).toMatch(/\(not made yet\), [\d.]+ [KMGT]iB free/);
  });

  it('sees that the data folder cannot be written', async () => {
    chmodSync(folder, 0o555);
    const found = await asOrdinaryUser(() => checkDataFolder(path.join(folder, '.chromatune')));
    chmodSync(folder, 0o755);

    expect(found).toMatchObject({ status: 'problem', remedy: expect.stringContaining('--data-dir') });
  });

  it.runIf(process.platform === 'linux')('knows who holds a port', async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;

    const holder = holderOf(port);
    await new Promise((resolve) => server.close(resolve));

    expect(holder?.pid).toBe(process.pid);
    expect(holderOf(port)).toBeNull();
  });

  it('tells an API that does not run from one that is not well', async () => {
    const parts = { redis: { status: 'down', detail: 'connection refused' }, postgres: { status: 'ok' } };
    const api = await FakeApi.start(({ path: url }) =>
      url.endsWith('health')
        ? { status: 503, json: { status: 'degraded', version: '1', parts } }
        : { json: [] },
    );
    const client = new ApiClient(api.url);

    expect(await checkApi(client, null)).toMatchObject({
      status: 'problem',
      detail: expect.stringContaining('redis: connection refused'),
    });
    expect(await checkTrainers(client)).toMatchObject({
      status: 'problem',
      detail: 'none is online: runs stay queued',
    });
    await api.stop();
    expect(await checkApi(client, null)).toMatchObject({ status: 'note', remedy: 'Start it: npm start' });
    expect(await checkApi(client, { apiUrl: api.url, pids: {} })).toMatchObject({ status: 'problem' });
  });
});

/** Root may write everywhere: it acts as `nobody` meanwhile. */
async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
