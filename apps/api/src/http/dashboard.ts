import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import express, { type NextFunction, type Request, type Response } from 'express';

/**
 * Serves the built dashboard at every address outside /api. Its routes live in the browser, so whatever is no file is
 * answered with index.html. Names under assets/ hold a digest of their content and never change.
 */
export function serveDashboard(app: NestExpressApplication, folder: string): void {
  const index = join(folder, 'index.html');
  const assets = express.static(join(folder, 'assets'), {
    immutable: true,
    maxAge: '1y',
    fallthrough: false,
    redirect: false,
  });
  const files = express.static(folder, { index: false, redirect: false, cacheControl: false });

  const outsideApi =
    (handle: express.RequestHandler) => (request: Request, response: Response, next: NextFunction) =>
      /^\/api(\/|$)/.test(request.path) ? next() : handle(request, response, next);

  app.use('/assets', assets);
  app.use(
    outsideApi((_request, response, next) => (response.setHeader('cache-control', 'no-cache'), next())),
  );
  app.use(outsideApi(files));
  app.use(
    outsideApi((request, response, next) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') return next();
      if (existsSync(index)) return response.sendFile(index, { cacheControl: false });
      return response.status(503).type('html').send(missingBuildPage(folder));
    }),
  );
}

const missingBuildPage = (folder: string) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Chromatune: the dashboard is not built</title>
<body style="font: 16px/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>The dashboard is not built</h1>
<p>The API runs, but there is no dashboard in <code>${escapeHtml(folder)}</code>.</p>
<p>Build it with <code>npx nx run @chromatune/dashboard:build</code>, then reload this page.
The API's own documentation is at <a href="/api/docs">/api/docs</a>.</p>
`;

const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
