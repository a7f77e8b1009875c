import type { Database } from '@chromatune/database';
import { sweepSpecJsonSchema } from '@chromatune/search';
import { Body, Controller, Get, Header, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ZodResponse } from 'nestjs-zod';
import { InjectDatabase } from '../config/connections.js';
import { Documented } from '../http/documented.js';
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

const noSweep = { 404: 'There is no such sweep.' };
const refusalsOfCommands = { ...noSweep, 409: 'It has ended.' };

@ApiTags('sweeps')
@Controller()
export class SweepsController {
  constructor(
    private readonly sweeps: SweepsService,
    private readonly commands: SweepCommandsService,
    @InjectDatabase() private readonly database: Database,
  ) {}

  @Get('sweeps')
  @Documented('Lists sweeps, newest first.')
  @ZodResponse({ status: 200, type: [SweepDto] })
  list() {
    return this.database.sweeps.list();
  }

  @Post('sweeps')
  @Documented('Launches the sweep that this YAML describes.', {
    400: 'The sweep is not valid; `fields` says what is wrong, with lines and columns.',
    429: 'Too many sweeps are active.',
  })
  @ZodResponse({ status: 201, type: SweepDto })
  launch(@Body() { yaml }: SweepRequestDto) {
    return this.sweeps.launch(yaml);
  }

  @Post('sweeps/plan')
  @Documented('Says what launching this YAML would do: its problems, or its runs and the memory they need.')
  @ZodResponse({ status: 200, type: SweepPlanDto })
  plan(@Body() { yaml }: SweepRequestDto) {
    return this.sweeps.plan(yaml);
  }

  @Get('sweeps/:id')
  @Documented('Shows a sweep with the text that it was launched with.', noSweep)
  @ZodResponse({ status: 200, type: SweepDetailDto })
  get(@Param() { id }: SweepParams) {
    return this.sweeps.get(id);
  }

  @Get('sweeps/:id/runs')
  @Documented('Lists the runs of a sweep.', noSweep)
  @ZodResponse({ status: 200, type: [SweepRunDto] })
  listRuns(@Param() { id }: SweepParams) {
    return this.sweeps.listRuns(id);
  }

  @Post('sweeps/:id/pause')
  @Documented(
    'Pauses a sweep: its running runs save a checkpoint and stop; no new ones start.',
    refusalsOfCommands,
  )
  @ZodResponse({ status: 200, type: SweepDto })
  pause(@Param() { id }: SweepParams) {
    return this.commands.pause(id);
  }

  @Post('sweeps/:id/resume')
  @Documented('Resumes a sweep: its paused runs go on from their checkpoints.', refusalsOfCommands)
  @ZodResponse({ status: 200, type: SweepDto })
  resume(@Param() { id }: SweepParams) {
    return this.commands.resume(id);
  }

  @Post('sweeps/:id/cancel')
  @Documented('Ends every run of a sweep that has not ended, for good.', refusalsOfCommands)
  @ZodResponse({ status: 200, type: SweepDto })
  cancel(@Param() { id }: SweepParams) {
    return this.commands.cancel(id);
  }

  @Get('schema/sweep-spec.json')
  @Documented('Gives the JSON schema of a sweep spec, for editors.')
  @Header('cache-control', 'no-cache')
  @ApiOkResponse({ schema: { type: 'object' } })
  getSchema() {
    return sweepSpecJsonSchema();
  }
}
