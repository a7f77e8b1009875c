import { DomainError } from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ZodResponse } from 'nestjs-zod';
import { InjectDatabase, InjectObjectStore } from '../config/connections.js';
import { Documented } from '../http/documented.js';
import { sendObject } from '../http/send-object.js';
import { SampleDto, SampleImageParams, SamplesParams } from './samples.dto.js';

@ApiTags('samples')
@Controller('runs/:id/samples')
export class SamplesController {
  constructor(
    @InjectDatabase() private readonly database: Database,
    @InjectObjectStore() private readonly objects: ObjectStore,
  ) {}

  @Get()
  @Documented('Lists samples: one for each epoch that has some, of the newest attempt that made it.')
  @ZodResponse({ status: 200, type: [SampleDto] })
  list(@Param() { id }: SamplesParams) {
    return this.database.samples.ofRun(id);
  }

  @Get(':attempt/:epoch.png')
  @Documented('Shows the colorized validation photographs of an epoch: a vertical strip of square tiles.', {
    404: 'The attempt has no samples of that epoch.',
  })
  @ApiProduces('image/png')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async getImage(
    @Param() { id, attempt, epoch }: SampleImageParams,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const sample = await this.database.samples.find(id, attempt, epoch);
    if (!sample) throw new SampleNotFound(id, attempt, epoch);
    await sendObject(this.objects, request, response, {
      key: sample.key,
      type: 'image/png',
      tag: sample.key,
    });
  }
}

class SampleNotFound extends DomainError {
  constructor(runId: string, attempt: number, epoch: number) {
    super('sample_not_found', 404, `Attempt ${attempt} of run ${runId} has no samples of epoch ${epoch}.`, {
      remedy: `GET /api/runs/${runId}/samples lists them.`,
    });
  }
}
