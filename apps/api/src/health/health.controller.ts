import { health, type Health } from '@chromatune/contracts';
import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { createZodDto, ZodResponse } from 'nestjs-zod';
import { Documented } from '../http/documented.js';
import { HealthService } from './health.service.js';
import { MetricsRegistry } from './metrics-registry.js';

class HealthDto extends createZodDto(health) {}

@ApiTags('operations')
@Controller()
export class HealthController {
  constructor(
    private readonly healthService: HealthService,
    private readonly registry: MetricsRegistry,
  ) {}

  @Get('health')
  @Documented('Says whether the API can serve, and how its parts are.')
  @ApiServiceUnavailableResponse({
    type: HealthDto.Output,
    description: 'It cannot: Postgres or the object store is away. Without Redis it serves, degraded.',
  })
  @Header('cache-control', 'no-store')
  @ZodResponse({ status: 200, type: HealthDto })
  async check(@Res({ passthrough: true }) response: Response): Promise<Health> {
    const answer = await this.healthService.check();
    const { postgres, objectStore } = answer.parts;
    if (postgres?.status === 'down' || objectStore?.status === 'down') response.status(503);
    return answer;
  }

  @Get('metrics')
  @Documented('Measures the API, for Prometheus.')
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' } })
  async getMetrics(@Res() response: Response): Promise<void> {
    response.type(this.registry.contentType).send(await this.registry.render());
  }
}
