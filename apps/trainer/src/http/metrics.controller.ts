import { Controller, Get, Header, Inject } from '@nestjs/common';
import { Meters } from '../supervisor/meters.js';

@Controller('metrics')
export class MetricsController {
  constructor(@Inject(Meters) private readonly meters: Meters) {}

  /** In Prometheus' text format. */
  @Get()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  read(): Promise<string> {
    return this.meters.registry.metrics();
  }
}
