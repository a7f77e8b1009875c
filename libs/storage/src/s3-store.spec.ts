import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMinio } from '@chromatune/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openObjectStore, type ObjectStore } from './index.js';
import { collect, objectStoreContract } from './object-store.contract.js';

const server = await startMinio();

if ('unavailable' in server) {
  it.skip(`an object store in S3: not tested, because there is ${server.unavailable}`, () => {});
} else {
  const { name, url, crash, stop } = server;
  afterAll(stop);

  objectStoreContract(name, () => openObjectStore(url));

  describe(`a bucket of ${name}`, () => {
    it('refuses a wrong secret, and says what to correct', async () => {
      const wrong = new URL(url);
      wrong.password = 'wrong-secret';

      const error = await openObjectStore(wrong.href).catch((reason: unknown) => reason);

      expect(error).toMatchObject({
        code: 'object_store_unavailable',
        message: expect.stringContaining('refuses its key or secret'),
        remedy: expect.stringContaining('OBJECT_STORE_URL'),
      });
      expect(JSON.stringify(error) + String(error)).not.toContain('wrong-secret');
    });

    it('refuses an unknown key', async () => {
      const wrong = new URL(url);
      wrong.username = 'nobody';

      await expect(openObjectStore(wrong.href)).rejects.toThrow('refuses its key or secret');
    });

    it('is opened by several at once, though it must be made first', async () => {
      const fresh = url.replace(/chromatune-test-/, 'chromatune-two-');

      const stores = await Promise.all(Array.from({ length: 8 }, () => openObjectStore(fresh)));
      await stores[0]!.put('seen/by-all', Buffer.from('x'));

      expect(await stores[7]!.exists('seen/by-all')).toBe(true);
    });

    it.skipIf(!crash)(
      'shows no part of an object whose upload a kill -9 of the server interrupted',
      { timeout: 120_000 },
      async () => {
        const store = await openObjectStore(url);
        const source = path.join(os.tmpdir(), `s3-kill-${randomBytes(5).toString('hex')}`);
        await writeFile(source, randomBytes(150_000_000));
        await store.put('kill/old', Buffer.from('old'));

        for (const delayMs of [50, 250, 600]) {
          const putting = [
            store.put(`kill/new-${delayMs}`, { path: source }),
            store.put('kill/old', { path: source }),
          ].map((put) =>
            put.then(
              () => 'stored',
              () => 'failed',
            ),
          );
          await sleep(delayMs);
          await crash?.kill();
          const outcomes = await Promise.all(putting);
          await crash?.restart();

          const seen = Object.fromEntries(
            (await collect(store.list('kill/'))).map(({ key, bytes }) => [key, bytes]),
          );
          expect(seen[`kill/new-${delayMs}`]).toBe(outcomes[0] === 'stored' ? 150_000_000 : undefined);
          expect([3, 150_000_000]).toContain(seen['kill/old']);
          await store.put('kill/old', Buffer.from('old'));
        }
        await store.put('kill/again', { path: source });
        expect(await store.size('kill/again')).toBe(150_000_000);
        await rm(source);
      },
    );
  });
}

describe('a server that does not work', () => {
  let answering: Server;
  let status = 503;
  beforeAll(async () => {
    answering = createServer((request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(
        status === 507 ? '<Error><Code>XMinioStorageFull</Code><Message>full</Message></Error>' : '',
      );
    });
    await new Promise<void>((resolve) => answering.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => answering.close());
  const urlOf = () => `s3+http://key:secret@127.0.0.1:${(answering.address() as AddressInfo).port}/bucket`;

  it('is named when nothing listens there', async () => {
    await expect(openObjectStore('s3+http://key:secret@127.0.0.1:9/bucket')).rejects.toMatchObject({
      code: 'object_store_unavailable',
      message: expect.stringMatching(/does not answer \(bucket bucket at 127\.0\.0\.1:9: .*ECONNREFUSED/),
      remedy: expect.stringContaining('Check that it runs'),
    });
  });

  it('is asked again a few times when it is busy, and then given up', async () => {
    let requests = 0;
    answering.on('request', () => requests++);

    await expect(openObjectStore(urlOf())).rejects.toThrow('does not answer');

    expect(requests).toBe(3);
  });

  it('says that it is full', async () => {
    status = 200;
    const store: ObjectStore = await openObjectStore(urlOf());
    status = 507;

    await expect(store.put('a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'object_store_full',
      status: 507,
    });
  });
});
