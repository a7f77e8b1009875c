import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Documented } from '../http/documented.js';
import { LiveEventDto, LiveQuery } from './live.dto.js';
import { LiveService } from './live.service.js';

@ApiTags('live')
@Controller('live')
export class LiveController {
  constructor(private readonly live: LiveService) {}

  @Get()
  @Documented(
    'Sends events as they come (server-sent events).',
    {},
    'After each `hello` (the first message, and whenever messages may have been missed) fetch what is shown. Without filters: states of runs and sweeps, trainers and datasets.',
  )
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ type: LiveEventDto, description: 'Each `data:` line holds one `event` as JSON.' })
  open(@Query() { runs, sweep }: LiveQuery, @Req() request: Request, @Res() response: Response): void {
    if (request.method === 'HEAD') return void response.type('text/event-stream').end();
    this.live.open(response, { runs: new Set(runs), sweep: sweep ?? null });
  }
}
