import { pipeline } from 'node:stream/promises';
import type { ObjectStore } from '@chromatune/storage';
import type { Request, Response } from 'express';

export interface SentObject {
  key: string;
  type: string;
  /** Identifies the content; objects of the store never change, so the key will do where there is no digest. */
  tag: string;
  /** Offered as a download under this name. */
  fileName?: string;
}

/** Streams an object of the store. It is immutable: browsers keep it for good and ask no more. */
export async function sendObject(
  objects: ObjectStore,
  request: Request,
  response: Response,
  { key, type, tag, fileName }: SentObject,
): Promise<void> {
  const etag = `"${tag}"`;
  if (request.headers['if-none-match'] === etag) {
    setImmutable(response, etag).status(304).end();
    return;
  }
  const bytes = await objects.size(key);
  const content = await objects.stream(key);
  setImmutable(response, etag).type(type).setHeader('content-length', bytes);
  if (fileName) response.attachment(fileName);
  try {
    await pipeline(content, response);
  } catch (error) {
    if (!isClientGone(error)) throw error;
  }
}

const setImmutable = (response: Response, etag: string) =>
  response.set({ 'cache-control': 'public, max-age=31536000, immutable', etag });

const isClientGone = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
