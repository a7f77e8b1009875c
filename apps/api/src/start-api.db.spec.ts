import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { health, problem, type Problem } from '@chromatune/contracts';
import { cloneDatabase, startRedis, temporaryFolder } from '@chromatune/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApi, until } from './api.fixture.js';

interface OpenApi {
  paths: Record<
    string,
    Record<string, { summary?: string; responses: Record<string, { content?: object }> }>
  >;
  components: { schemas: Record<string, { properties?: Record<string, unknown> }> };
}

const stops: (() => Promise<unknown>)[] = [];
const dashboard = temporaryFolder('dashboard');
let services: { databaseUrl: string; redisUrl: string };
let api: TestApi;

beforeAll(async () => {
  const clone = await cloneDatabase();
  const redis = await startRedis();
  services = { databaseUrl: clone.url, redisUrl: redis.url };
  await mkdir(join(dashboard, 'assets'));
  await writeFile(join(dashboard, 'index.html'), '<title>the dashboard</title>');
  await writeFile(join(dashboard, 'assets', 'index-B3tter.js'), 'start()');
  api = await TestApi.start({ ...services, more: { DASHBOARD_FOLDER: dashboard } });
  stops.push(
    () => api.close(),
    () => redis.stop(),
    () => clone.drop(),
  );
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

describe('the documentation', () => {
  it('describes every route with its answer, from the schemas that check them', async () => {
    const { paths, components } = await api.get<OpenApi>('/docs-json');
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/api/sweeps', '/api/runs/{id}/reproduce', '/api/live', '/api/curves']),
    );
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    expect(operations.length).toBeGreaterThan(30);
    expect(components.schemas['RunDto_Output']?.properties).toHaveProperty('weightsSha256');
    expect(JSON.stringify(components)).not.toContain('x-nestjs_zod');
  });

  it('says of every route what it does, and how it may refuse', async () => {
    const { paths } = await api.get<OpenApi>('/docs-json');
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ route: `${method} ${path}`, ...operation })),
    );

    const withoutLine = routes.filter(({ summary }) => !/^[A-Z].{9,109}\.$/.test(summary ?? ''));
    expect(withoutLine.map(({ route }) => route)).toEqual([]);
    const without404 = routes.filter(({ route, responses }) => route.includes('{') && !responses['404']);
    expect(without404.map(({ route }) => route).sort()).toEqual([
      'get /api/runs/{id}/log', // of an unknown run, an empty list
      'get /api/runs/{id}/points',
      'get /api/runs/{id}/samples',
      'put /api/dataset-files/{sha256}', // which makes what it names
      'put /api/weights/{digest}/file',
    ]);
    for (const { route, responses } of routes) {
      const refusals = Object.keys(responses).filter((status) => !status.startsWith('2'));
      expect([route, refusals]).toEqual([route, expect.arrayContaining(['default'])]);
      for (const status of refusals)
        expect([route, status, responses[status]!.content]).toMatchObject([route, status, {}]);
    }
  });

  it('has a page for people', async () => {
    expect(await (await api.fetch('/docs')).text()).toContain('Chromatune API');
  });

  it('gives the JSON schema of a sweep spec', async () => {
    const schema = await api.get<{ properties: object }>('/schema/sweep-spec.json');
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(['dataset', 'space', 'budget']));
  });
});

describe('wrong requests', () => {
  const read = async (response: Response) => {
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    const body = problem.parse(await response.json());
    expect(body.requestId).toBe(response.headers.get('x-request-id'));
    expect(body.status).toBe(response.status);
    return body;
  };

  it('to unknown addresses', async () => {
    expect(await read(await api.fetch('/nothing'))).toMatchObject({ code: 'not_found', status: 404 });
  });

  it('with a body that is no JSON', async () => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"yaml' };
    expect(await read(await api.fetch('/sweeps', init))).toMatchObject({
      code: 'invalid_request',
      status: 400,
    });
  });

  it('with a body that is too large', async () => {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ yaml: 'x'.repeat(2_000_000) }),
    };
    expect(await read(await api.fetch('/sweeps', init))).toMatchObject({ code: 'too_large', status: 413 });
  });

  it.each([
    ['nested a million times', '['.repeat(1_000_001)],
    ['of a million elements', `{"shards":[${'0,'.repeat(1_000_000)}0]}`],
  ])('with JSON %s, which would take all the memory', async (_kind, body) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    expect(await read(await api.fetch('/datasets', init))).toMatchObject({ code: 'too_large', status: 413 });
  });

  it('that are wrong throughout name a hundred of the places', async () => {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ shards: Array(1000).fill(0) }),
    };
    expect((await read(await api.fetch('/datasets', init))).fields).toHaveLength(100);
  });

  it('of whatever kind say what to do', async () => {
    const json = (body: string, more = {}) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json', ...more },
      body,
    });
    for (const [path, init] of [
      ['/sweeps', json('null')],
      ['/sweeps', json('{}', { 'content-encoding': 'zstd' })],
      ['/sweeps', json(JSON.stringify({ yaml: 'x'.repeat(2_000_000) }))],
      ['/sweeps/%ff', {}],
    ] as const)
      expect((await read(await api.fetch(path, init))).remedy).toBeTruthy();
  });

  it.each([
    'points?attempt=3000000000',
    'points?after=3000000000',
    'log?after=1.3000000000',
    'samples/1/3000000000.png',
    'checkpoints/3000000000/1',
  ])('with numbers beyond those of Postgres: %s', async (path) => {
    expect((await read(await api.fetch(`/runs/s2222222-0/${path}`))).status).toBe(400);
  });

  it('with fields of another shape', async () => {
    const answer = await read(await api.fetch('/runs/s2222222-0/points?limit=many'));
    expect(answer).toMatchObject({ code: 'invalid_request', fields: [{ path: 'limit' }] });
  });
});

describe('the dashboard', () => {
  const fetchPage = (path: string) => fetch(`${api.url}${path}`);

  it('is index.html at every address of its own, asked for anew each time', async () => {
    for (const path of ['/', '/sweeps/s2222222?runs=a', '/runs/s2222222-0']) {
      const page = await fetchPage(path);
      expect(await page.text()).toContain('the dashboard');
      expect(page.headers.get('cache-control')).toBe('no-cache');
    }
  });

  it('has assets that browsers keep, and no page in place of a missing one', async () => {
    const asset = await fetchPage('/assets/index-B3tter.js');
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect((await fetchPage('/assets/gone.js')).status).toBe(404);
  });

  it('may load nothing from elsewhere', async () => {
    expect((await fetchPage('/')).headers.get('content-security-policy')).toContain("default-src 'self'");
  });

  it('that is not built is told with how to build it', async () => {
    const other = await TestApi.start(services);
    const page = await fetch(other.url);
    expect(page.status).toBe(503);
    expect(await page.text()).toContain('npx nx run @chromatune/dashboard:build');
    await other.close();
  });
});

describe('starting', () => {
  let other: Server;
  afterAll(() => other.close());

  it('on a port in use fails with its number', async () => {
    other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(TestApi.start({ ...services, more: { PORT: String(port) } })).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining(String(port)) as string,
      remedy: expect.stringContaining('PORT') as string,
    });
  });

  it('with a wrong DATABASE_URL fails with what to correct', async () => {
    const url = new URL(services.databaseUrl);
    url.pathname = '/no_such_database';
    await expect(TestApi.start({ ...services, databaseUrl: url.href })).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringContaining('no_such_database') as string,
    });
  });
});

describe('operating', () => {
  it('health names each part', async () => {
    const answer = await until(
      async () => health.parse(await api.get('/health')),
      ({ status }) => status === 'ok',
    );
    expect(Object.keys(answer.parts)).toEqual(['postgres', 'redis', 'objectStore', 'scheduler']);
  });

  it('metrics are text for Prometheus', async () => {
    const text = await (await api.fetch('/metrics')).text();
    expect(text).toContain('chromatune_runs{state="running"} 0');
    expect(text).toMatch(/chromatune_scheduler_leads [01]/);
  });

  it('without its database answers 503 with a remedy, and does not die', async () => {
    const clone = await cloneDatabase();
    const cut = await TestApi.start({ ...services, databaseUrl: clone.url });
    await clone.drop();
    const response = await cut.fetch('/sweeps');
    expect([response.status, ((await response.json()) as Problem).remedy !== undefined]).toEqual([503, true]);
    expect((await cut.fetch('/health')).status).toBe(503);
    await cut.close();
  });
});
