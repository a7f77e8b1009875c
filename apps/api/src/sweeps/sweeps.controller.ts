import type { Database } from '@chromatune/database';
import { sweepSpecJsonSchema } from '@chromatune/search';
import { Body, Controller, Get, Header, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ZodResponse } from 'nestjs-zod';
import { InjectDatabase } from '../config/connections.js';
import { SweepCommandsService } from './sweep-commands.service.js';
import {
  SweepDetailDto,
  SweepDto,
  SweepParams,
  SweepPlanDto,
  SweepRequestDto,
  SweepRunDto,
} from './sweeps.dto.js';
import { SweepsService } from './sweeps.service.js';

@ApiTags('sweeps')
@Controller()
export class SweepsController {
  constructor(
    private readonly sweeps: SweepsService,
    private readonly commands: SweepCommandsService,
    @InjectDatabase() private readonly database: Database,
  ) {}

  /** Newest first. */
  @Get('sweeps')
  @ZodResponse({ status: 200, type: [SweepDto] })
  list() {
    return this.database.sweeps.list();
  }

  /** Launches the sweep that this YAML describes. What is wrong with it is told with lines and columns. */
  @Post('sweeps')
  @ZodResponse({ status: 201, type: SweepDto })
  launch(@Body() { yaml }: SweepRequestDto) {
    return this.sweeps.launch(yaml);
  }

  /** What launching this YAML would do: its problems, the number of its runs, the first of them. */
  @Post('sweeps/plan')
  @ZodResponse({ status: 200, type: SweepPlanDto })
  plan(@Body() { yaml }: SweepRequestDto) {
    return this.sweeps.plan(yaml);
  }

  @Get('sweeps/:id')
  @ZodResponse({ status: 200, type: SweepDetailDto })
  get(@Param() { id }: SweepParams) {
    return this.sweeps.get(id);
  }

  @Get('sweeps/:id/runs')
  @ZodResponse({ status: 200, type: [SweepRunDto] })
  listRuns(@Param() { id }: SweepParams) {
    return this.sweeps.listRuns(id);
  }

  /** Its running runs save a checkpoint and stop; no new ones start. */
  @Post('sweeps/:id/pause')
  @ZodResponse({ status: 200, type: SweepDto })
  pause(@Param() { id }: SweepParams) {
    return this.commands.pause(id);
  }

  @Post('sweeps/:id/resume')
  @ZodResponse({ status: 200, type: SweepDto })
  resume(@Param() { id }: SweepParams) {
    return this.commands.resume(id);
  }

  /** Ends every run of it that has not ended, for good. */
  @Post('sweeps/:id/cancel')
  @ZodResponse({ status: 200, type: SweepDto })
  cancel(@Param() { id }: SweepParams) {
    return this.commands.cancel(id);
  }

  /** JSON Schema of a sweep spec, for editors. */
  @Get('schema/sweep-spec.json')
  @Header('cache-control', 'no-cache')
  @ApiOkResponse({ schema: { type: 'object' } })
  getSchema() {
    return sweepSpecJsonSchema();
  }
}
