import { problem } from '@chromatune/contracts';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { cleanupOpenApiDoc } from 'nestjs-zod';
import { z } from 'zod';

/** The API's documentation, made of the schemas that check its requests and answers: /api/docs and /api/docs-json. */
export function serveDocumentation(app: NestExpressApplication, version: string): void {
  SwaggerModule.setup('api/docs', app, () => describeApi(app, version), {
    jsonDocumentUrl: 'api/docs-json',
    customSiteTitle: 'Chromatune API',
  });
}

export function describeApi(app: NestExpressApplication, version: string): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setTitle('Chromatune')
    .setDescription(
      'Launch, watch, compare and reproduce colorization training sweeps. Every error is a `Problem`: what happened, and what to do.',
    )
    .setVersion(version)
    .setOpenAPIVersion('3.1.0')
    .build();
  return withProblems(cleanupOpenApiDoc(SwaggerModule.createDocument(app, settings)));
}

/** Each refusal of a route is a `Problem`, as is what may go wrong with any of them. */
function withProblems(api: OpenAPIObject): OpenAPIObject {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(problem);
  api.components = { ...api.components, schemas: { ...api.components?.schemas, Problem: schema as object } };
  const operations = Object.values(api.paths).flatMap((methods) => Object.values(methods) as Operation[]);
  for (const operation of operations) describeRefusals(operation);
  return api;
}

interface Operation {
  parameters?: unknown[];
  requestBody?: unknown;
  responses: Record<string, { description: string; content?: object }>;
}

function describeRefusals({ parameters = [], requestBody, responses }: Operation): void {
  if (parameters.length > 0 || requestBody) responses['400'] ??= { description: 'The request is not valid.' };
  responses['default'] = { description: 'Something else went wrong.' };
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  for (const [status, response] of Object.entries(responses)) {
    if (!status.startsWith('2')) response.content ??= content;
  }
}
