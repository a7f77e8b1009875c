import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestMethod } from '@nestjs/common';
import type { Params } from 'nestjs-pino';
import pretty from 'pino-pretty';
import type { Settings } from '../config/connections.js';

/** One line a request and one an event, for people in a terminal and JSON elsewhere. */
export function loggingParams({ LOG_LEVEL, LOG_FORMAT }: Settings): Params {
  const options = {
    level: LOG_LEVEL,
    genReqId: assignRequestId,
    autoLogging: { ignore: isRoutine },
    customLogLevel: (_request: IncomingMessage, response: ServerResponse) =>
      response.statusCode >= 500 ? ('warn' as const) : ('debug' as const),
    quietReqLogger: true,
    customAttributeKeys: { reqId: 'requestId' },
    customProps: (request: IncomingMessage) => runOf(request),
    customSuccessMessage: (request: IncomingMessage, response: ServerResponse) =>
      `${request.method} ${request.url} ${response.statusCode}`,
    customErrorMessage: (request: IncomingMessage, response: ServerResponse) =>
      `${request.method} ${request.url} ${response.statusCode}`,
    // The message has what people need; what went wrong is told where it is known.
    serializers: { req: () => undefined, res: () => undefined },
    customErrorObject: (
      _request: IncomingMessage,
      _response: ServerResponse,
      _error: Error,
      line: Record<string, unknown>,
    ) => ({ ...line, err: undefined }),
  };
  const isPretty = LOG_FORMAT ? LOG_FORMAT === 'pretty' : process.stdout.isTTY;
  const forRoutes = [{ path: '{*path}', method: RequestMethod.ALL }];
  return isPretty
    ? {
        forRoutes,
        pinoHttp: [options, pretty({ translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname', sync: true })],
      }
    : { forRoutes, pinoHttp: options };
}

/** The sender's id when it looks like one, else a new one; the answer carries it too. */
function assignRequestId(request: IncomingMessage, response: ServerResponse): string {
  const given = request.headers['x-request-id'];
  const id =
    typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomBytes(6).toString('hex');
  response.setHeader('x-request-id', id);
  return id;
}

const isRoutine = ({ url = '' }: IncomingMessage) => /^\/api\/(health|metrics|live)\b/.test(url);

/** Lines about a run name it, whoever writes them. */
function runOf({ url = '' }: IncomingMessage): { runId?: string; attempt?: number } {
  const [, runId, attempt] =
    /^\/api\/runs\/([a-z0-9-]+)(?:\/(?:samples|checkpoints)\/(\d+))?/.exec(url) ?? [];
  return { ...(runId && { runId }), ...(attempt && { attempt: Number(attempt) }) };
}
