import type { Database } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ZodResponse } from 'nestjs-zod';
import { InjectDatabase, InjectObjectStore } from '../config/connections.js';
import { Documented } from '../http/documented.js';
import { sendObject } from '../http/send-object.js';
import { ReproduceService } from './reproduce.service.js';
import {
  CheckpointParams,
  LogLineDto,
  LogQuery,
  ReproduceRequestDto,
  ReproductionDto,
  RunDetailDto,
  RunDto,
  RunParams,
  RunsQuery,
} from './runs.dto.js';
import { RunsService } from './runs.service.js';

const refusalsOfCommands = { 404: 'There is no such run.', 409: 'Its state does not allow it.' };

@ApiTags('runs')
@Controller('runs')
export class RunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly reproductions: ReproduceService,
    @InjectDatabase() private readonly database: Database,
    @InjectObjectStore() private readonly objects: ObjectStore,
  ) {}

  @Get()
  @Documented('Lists the runs with these ids.')
  @ZodResponse({ status: 200, type: [RunDto] })
  list(@Query() { ids }: RunsQuery) {
    return this.database.runs.list({ ids });
  }

  @Get(':id')
  @Documented('Shows a run with its recipe, attempts, checkpoints and, for a reproduction, its verdict.', {
    404: 'There is no such run.',
  })
  @ZodResponse({ status: 200, type: RunDetailDto })
  get(@Param() { id }: RunParams) {
    return this.runs.get(id);
  }

  @Post(':id/pause')
  @Documented('Pauses a run: it saves a checkpoint and stops; one that is queued waits.', refusalsOfCommands)
  @ZodResponse({ status: 200, type: RunDto })
  pause(@Param() { id }: RunParams) {
    return this.runs.pause(id);
  }

  @Post(':id/resume')
  @Documented('Queues a run again, to go on from its latest checkpoint.', refusalsOfCommands)
  @ZodResponse({ status: 200, type: RunDto })
  resume(@Param() { id }: RunParams) {
    return this.runs.resume(id);
  }

  @Post(':id/cancel')
  @Documented('Ends a run. Its curves, samples and latest checkpoint stay.', refusalsOfCommands)
  @ZodResponse({ status: 200, type: RunDto })
  cancel(@Param() { id }: RunParams) {
    return this.runs.cancel(id);
  }

  @Post(':id/reproduce')
  @Documented(
    'Trains the stored recipe again and compares: IDENTICAL, EQUIVALENT, DIVERGED or NOT REPRODUCIBLE.',
    {
      404: 'There is no such run.',
      409: 'It cannot be reproduced now, and the problem says why.',
    },
  )
  @ZodResponse({ status: 201, type: ReproductionDto })
  reproduce(@Param() { id }: RunParams, @Body() { recipe }: ReproduceRequestDto) {
    return this.reproductions.reproduce(id, recipe);
  }

  @Get(':id/log')
  @Documented('Lists what the attempts of a run have logged.')
  @ZodResponse({ status: 200, type: [LogLineDto] })
  getLog(@Param() { id }: RunParams, @Query() { after }: LogQuery) {
    return this.database.logs.ofRun(id, after);
  }

  @Get(':id/checkpoints/:attempt/:step')
  @Documented('Gives a checkpoint as safetensors: weights, moving statistics, optimizer state.', {
    404: 'There is no such run, or it does not keep that checkpoint.',
  })
  @ApiProduces('application/octet-stream')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async downloadCheckpoint(
    @Param() { id, attempt, step }: CheckpointParams,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { key, sha256 } = await this.runs.findCheckpoint(id, attempt, step);
    const fileName = `${id}-step-${step}.safetensors`;
    await sendObject(this.objects, request, response, {
      key,
      type: 'application/octet-stream',
      tag: sha256,
      fileName,
    });
  }
}
