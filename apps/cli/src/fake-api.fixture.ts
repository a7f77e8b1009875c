import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface FakeRequest {
  method: string;
  path: string;
  body: Buffer;
}
/** What to answer: a value as JSON, or status and raw bytes. */
export type FakeAnswer = {
  status?: number;
  json?: unknown;
  bytes?: Uint8Array;
  headers?: Record<string, string>;
};

/** A server on a free port that answers as it is told, and remembers what it was asked. */
export class FakeApi {
  readonly requests: FakeRequest[] = [];
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(answer: (request: FakeRequest) => FakeAnswer | null): Promise<FakeApi> {
    const server = createServer((request, response) => void respond(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const api = new FakeApi(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return api;

    async function respond(request: IncomingMessage, response: ServerResponse) {
      const asked = { method: request.method ?? '', path: request.url ?? '', body: await buffer(request) };
      api.requests.push(asked);
      const given = answer(asked);
      if (!given) return void response.socket?.destroy(); // a connection that breaks
      const { status = 200, json, bytes, headers = {} } = given;
      const type = json === undefined ? 'application/octet-stream' : 'application/json';
      response.writeHead(status, { 'content-type': type, ...headers });
      response.end(json === undefined ? bytes : JSON.stringify(json));
    }
  }

  asked = (): string[] => this.requests.map(({ method, path }) => `${method} ${path}`);

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export const problemAnswer = (status: number, title: string, more: object = {}): FakeAnswer => ({
  status,
  json: { code: 'some_problem', title, status, requestId: 'r1', ...more },
});
