import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { cleanupOpenApiDoc } from 'nestjs-zod';

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
  return cleanupOpenApiDoc(SwaggerModule.createDocument(app, settings));
}
