import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestMethod } from '@nestjs/common';
import type { Params } from 'nestjs-pino';
import type { LogFn, Logger } from 'pino';
import pretty from 'pino-pretty';
import type { Settings } from '../config/connections.js';

/** One line a request and one an event, for people in a terminal and JSON elsewhere. */
export function loggingParams({ LOG_LEVEL, LOG_FORMAT }: Settings): Params {
  const options = {
    level: LOG_LEVEL,
    genReqId: ({ id }: IncomingMessage) => id,
    hooks: { logMethod: leaveOutStartUp },
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
        pinoHttp: [options, pretty(prettyOptions)],
      }
    : { forRoutes, pinoHttp: options };
}

const isRoutine = ({ url = '' }: IncomingMessage) => /^\/api\/(health|metrics|live)\b/.test(url);

const prettyOptions = {
  translateTime: 'SYS:HH:MM:ss',
  ignore: 'pid,hostname,context',
  messageFormat: '{if context}{context}: {end}{msg}',
  singleLine: true,
  sync: true,
};

/** Nest tells of every module and route that it makes. */
function leaveOutStartUp(this: Logger, args: Parameters<LogFn>, log: LogFn): void {
  const [line] = args as unknown[];
  const context = typeof line === 'object' && line !== null && 'context' in line ? line.context : undefined;
  if (!startUpContexts.has(context)) log.apply(this, args);
}

const startUpContexts = new Set<unknown>([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Lines about a run name it, whoever writes them. */
function runOf({ url = '' }: IncomingMessage): { runId?: string; attempt?: number } {
  const [, runId, attempt] =
    /^\/api\/runs\/([a-z0-9-]+)(?:\/(?:samples|checkpoints)\/(\d+))?/.exec(url) ?? [];
  return { ...(runId && { runId }), ...(attempt && { attempt: Number(attempt) }) };
}
