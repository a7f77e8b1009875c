import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { Client } from 'minio';
import { writeAtomically } from './atomic-file.js';
import { assertKey, assertPrefix } from './object-key.js';
import type { ObjectStore, StoredObject } from './object-store.js';
import { ObjectNotFound, ObjectStoreUnavailable } from './object-store.errors.js';
import { explainS3Error, isPassing, s3Code } from './s3-errors.js';

export interface S3Location {
  host: string;
  port: number;
  secure: boolean;
  bucket: string;
  region: string;
  accessKey: string;
  secretKey: string;
}

/** A connection on which nothing moves for this long is given up. */
const silenceMs = 30_000;
/** A shard is at most 32 MiB and so goes up in one request; only large checkpoints are split. */
const partBytes = 40 * 1024 * 1024;
const pausesBetweenTriesMs = [200, 800];

/** Opens a bucket of an S3 server, makes it where it is missing, and proves that it can be written. */
export async function openS3Store(location: S3Location): Promise<ObjectStore> {
  const store = new S3Store(location);
  await store.prepare();
  return store;
}

class S3Store implements ObjectStore {
  private readonly client: Client;
  private readonly bucket: string;
  /** Its own, as several processes of a machine check at once; and one, as an interrupted check leaves it there. */
  private readonly checkKey = `checks/${os.hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')}-${randomBytes(4).toString('hex')}`;
  private checking: Promise<void> | null = null;

  constructor(private readonly location: S3Location) {
    this.bucket = location.bucket;
    this.client = new Client({
      endPoint: location.host,
      port: location.port,
      useSSL: location.secure,
      accessKey: location.accessKey,
      secretKey: location.secretKey,
      region: location.region,
      pathStyle: true, // servers of one's own seldom have a host name per bucket
      partSize: partBytes,
      retryOptions: { disableRetry: true }, // ours below also covers lost connections
      transport: impatient(location.secure ? https : http),
    });
  }

  async prepare(): Promise<void> {
    await this.tried(async () => {
      if (await this.client.bucketExists(this.bucket)) return;
      try {
        await this.client.makeBucket(this.bucket, this.location.region);
      } catch (error) {
        if (s3Code(error) !== 'BucketAlreadyOwnedByYou') throw error; // somebody was quicker
      }
    });
    await this.check();
  }

  async put(key: string, source: Uint8Array | { path: string }): Promise<void> {
    assertKey(key);
    await this.tried(() =>
      source instanceof Uint8Array
        ? this.client.putObject(
            this.bucket,
            key,
            Buffer.from(source.buffer, source.byteOffset, source.byteLength),
          )
        : this.client.fPutObject(this.bucket, key, source.path),
    );
  }

  async get(key: string): Promise<Uint8Array> {
    assertKey(key);
    return this.tried(async () => buffer(await this.client.getObject(this.bucket, key)), key);
  }

  async getRange(key: string, offset: number, length: number): Promise<Uint8Array> {
    assertKey(key);
    if (length <= 0) return new Uint8Array(0);
    return this.tried(async () => {
      try {
        return await buffer(await this.client.getPartialObject(this.bucket, key, offset, length));
      } catch (error) {
        if (s3Code(error) === 'InvalidRange') return new Uint8Array(0); // it ends before
        throw error;
      }
    }, key);
  }

  async stream(key: string): Promise<Readable> {
    assertKey(key);
    return this.tried(() => this.client.getObject(this.bucket, key), key);
  }

  async download(key: string, target: string): Promise<void> {
    assertKey(key);
    await mkdir(path.dirname(target), { recursive: true });
    await writeAtomically(target, `${target}.${randomBytes(6).toString('hex')}.part`, (temporary) =>
      this.tried(async () => {
        await pipeline(await this.client.getObject(this.bucket, key), createWriteStream(temporary));
      }, key),
    );
  }

  async exists(key: string): Promise<boolean> {
    try {
      await this.size(key);
      return true;
    } catch (error) {
      if (error instanceof ObjectNotFound) return false;
      throw error;
    }
  }

  async size(key: string): Promise<number> {
    assertKey(key);
    return (await this.tried(() => this.client.statObject(this.bucket, key), key)).size;
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    assertPrefix(prefix);
    try {
      for await (const { name, size } of this.client.listObjectsV2(this.bucket, prefix, true)) {
        if (name !== undefined) yield { key: name, bytes: size };
      }
    } catch (error) {
      throw explainS3Error(error, this.describe());
    }
  }

  async remove(key: string): Promise<void> {
    assertKey(key);
    await this.tried(() => this.client.removeObject(this.bucket, key));
  }

  describe(): string {
    const { host, port, bucket } = this.location;
    return `bucket ${bucket} at ${host}:${port}`;
  }

  /** Who asks while it is being found out hears the same. */
  check(): Promise<void> {
    this.checking ??= this.checkNow().finally(() => (this.checking = null));
    return this.checking;
  }

  private async checkNow(): Promise<void> {
    const written = randomBytes(16);
    await this.tried(() => this.client.putObject(this.bucket, this.checkKey, written));
    await this.get(this.checkKey);
    await this.remove(this.checkKey);
  }

  /** Runs an idempotent request, again after passing trouble, and explains what remains. */
  private async tried<T>(request: () => Promise<T>, key?: string): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await request();
      } catch (error) {
        const pause = pausesBetweenTriesMs[attempt];
        if (!isPassing(error) || pause === undefined) throw explainS3Error(error, this.describe(), key);
        await sleep(pause);
      }
    }
  }
}

/** The client has no time limit of its own: a silent server would hold a trainer for ever. */
function impatient(transport: typeof http | typeof https): Pick<typeof http, 'request'> {
  const request = (options: http.RequestOptions, onResponse: (response: http.IncomingMessage) => void) => {
    let received: http.IncomingMessage | undefined;
    const sent = transport.request(options, (response) => onResponse((received = response)));
    sent.setTimeout(silenceMs, () => {
      if (received?.readableLength) return; // it is our reader who is slow
      sent.destroy(Object.assign(new Error(`no answer for ${silenceMs / 1000} s`), { code: 'ETIMEDOUT' }));
    });
    return sent;
  };
  return { request } as Pick<typeof http, 'request'>;
}

/** `s3+http://key:secret@host:9000/bucket?region=us-east-1`; `s3+https` for TLS. */
export function parseS3Url(url: URL): S3Location {
  const secure = url.protocol === 's3+https:';
  const [bucket = '', ...rest] = url.pathname.split('/').filter(Boolean);
  if (!url.hostname || !url.username || !url.password || !bucket || rest.length > 0) {
    throw new ObjectStoreUnavailable(
      'The object store URL lacks its host, key, secret or bucket.',
      'Write s3+http://key:secret@host:9000/bucket, or s3+https for TLS; special characters as %XX.',
    );
  }
  return {
    host: url.hostname,
    port: Number(url.port) || (secure ? 443 : 80),
    secure,
    bucket,
    region: url.searchParams.get('region') ?? 'us-east-1',
    accessKey: decodeURIComponent(url.username),
    secretKey: decodeURIComponent(url.password),
  };
}
