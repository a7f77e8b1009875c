import type { IncomingMessage } from 'node:http';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import express from 'express';
import { Logger } from 'nestjs-pino';
import { ApiModule } from './api.module.js';
import { closeConnections, type Connections, openConnections } from './config/connections.js';
import type { ApiEnvironment } from './config/environment.js';
import { apiVersion } from './health/api-version.js';
import { serveDashboard } from './http/dashboard.js';
import { refuseManyParts } from './http/json-parts.js';
import { listen } from './http/listen.js';
import { serveDocumentation } from './http/openapi.js';
import { assignRequestId } from './http/request-id.js';
import { securityHeaders } from './http/security-headers.js';
import { LiveService } from './live/live.service.js';
import { removeAbandonedFolders } from './uploads/lend-folder.js';

export interface RunningApi {
  /** Where people open the dashboard; the API is below /api. */
  url: string;
  /** Ends live connections, lets other requests end, gives up the lead, closes connections. */
  close(): Promise<void>;
}

/** Starts one replica. Throws a `DomainError` that says what is wrong and what to do when it cannot. */
export async function startApi(environment: ApiEnvironment): Promise<RunningApi> {
  await removeAbandonedFolders();
  const connections = await openConnections(environment);
  let app: NestExpressApplication | null = null;
  try {
    app = await createApp(environment, connections);
    const url = await listen(app, environment.HOST, environment.PORT);
    app.get(Logger).log(`Chromatune ${apiVersion} listens on ${url}`);
    return { url, close: () => closeApi(app!, connections) };
  } catch (error) {
    await (app ? closeApi(app, connections) : closeConnections(connections));
    throw error;
  }
}

async function createApp(
  environment: ApiEnvironment,
  connections: Connections,
): Promise<NestExpressApplication> {
  const { DATABASE_URL: _database, REDIS_URL: _redis, OBJECT_STORE_URL: _objects, ...settings } = environment;
  const app = await NestFactory.create<NestExpressApplication>(ApiModule.of(settings, connections), {
    bufferLogs: true,
    bodyParser: false,
    abortOnError: false,
  });
  app.useLogger(app.get(Logger));
  app.disable('x-powered-by');
  app.setGlobalPrefix('api');
  app.use(assignRequestId, securityHeaders);
  const verify = (_request: unknown, _response: unknown, text: Uint8Array) => refuseManyParts(text);
  app.use('/api/datasets', express.json({ limit: '64mb', verify })); // a manifest credits every photograph
  app.useBodyParser('json', { limit: '1mb', type: isJson });
  serveDocumentation(app, apiVersion);
  serveDashboard(app, environment.DASHBOARD_FOLDER);
  return app;
}

/** Not a photograph that is only called so: ColorizeService says what it expects. */
const isJson = ({ headers, url }: IncomingMessage) =>
  /^application\/json\b/i.test(headers['content-type'] ?? '') && !/\/colorize(\?|$)/.test(url ?? '');

async function closeApi(app: NestExpressApplication, connections: Connections): Promise<void> {
  app.get(LiveService).closeClients();
  await app.close();
  await closeConnections(connections);
}
