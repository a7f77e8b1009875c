import type { LiveEvent } from '@chromatune/contracts';
import type { Response } from 'express';
import type { LiveFilter } from './live-filter.js';

/** Unsent bytes at which a client counts as too slow. It is cut off, reconnects, and fetches what it missed. */
const mostUnsentBytes = 4 * 1024 * 1024;

/** One open `GET /live`. */
export class LiveClient {
  constructor(
    private readonly response: Response,
    readonly filter: LiveFilter,
  ) {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no', // nginx would hold events back
    });
    response.write('retry: 1000\n\n');
  }

  send(event: LiveEvent): void {
    this.write(`data: ${JSON.stringify(event)}\n\n`);
  }

  /** A comment, so that both ends notice when the connection is dead. */
  beat(): void {
    this.write(':\n\n');
  }

  close(): void {
    this.response.end();
  }

  private write(text: string): void {
    if (this.response.writableLength > mostUnsentBytes) this.response.destroy();
    else if (!this.response.destroyed) this.response.write(text);
  }
}
