import { type Dataset, datasetFileKey } from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ZodResponse } from 'nestjs-zod';
import { InjectDatabase, InjectObjectStore } from '../config/connections.js';
import { Documented } from '../http/documented.js';
import { sendObject } from '../http/send-object.js';
import {
  DatasetDetailDto,
  DatasetDto,
  DatasetManifestDto,
  DatasetParams,
  DatasetPriorDto,
  DatasetVersionDto,
  DatasetVersionParams,
  PictureParams,
  PriorQueryDto,
} from './datasets.dto.js';
import { DatasetNotFound } from './datasets.errors.js';
import { DatasetsService } from './datasets.service.js';

@ApiTags('datasets')
@Controller()
export class DatasetsController {
  constructor(
    private readonly datasets: DatasetsService,
    @InjectDatabase() private readonly database: Database,
    @InjectObjectStore() private readonly objects: ObjectStore,
  ) {}

  @Get('datasets')
  @Documented('Lists datasets with their versions.')
  @ZodResponse({ status: 200, type: [DatasetDto] })
  list() {
    return this.database.datasets.list();
  }

  @Post('datasets')
  @Documented('Registers a dataset version whose files are all uploaded. Repeating it is harmless.', {
    400: 'The manifest is not valid.',
    409: 'Files are missing; `fields` names them.',
  })
  @ZodResponse({ status: 201, type: DatasetVersionDto })
  register(@Body() manifest: DatasetManifestDto) {
    return this.datasets.register(manifest);
  }

  @Get('datasets/:name')
  @Documented('Shows a dataset with its versions.', { 404: 'There is no such dataset.' })
  @ZodResponse({ status: 200, type: DatasetDto })
  async find(@Param() { name }: DatasetParams): Promise<Dataset> {
    const dataset = await this.database.datasets.find(name);
    if (!dataset)
      throw new DatasetNotFound(
        name,
        (await this.database.datasets.list()).map((known) => known.name),
      );
    return dataset;
  }

  @Get('dataset-versions/:digest')
  @Documented('Shows a dataset version with its manifest.', { 404: 'There is no such version.' })
  @ZodResponse({ status: 200, type: DatasetDetailDto })
  getVersion(@Param() { digest }: DatasetVersionParams) {
    return this.datasets.getVersion(digest);
  }

  @Get('dataset-versions/:digest/prior')
  @Documented('Says how often the colours of the training split fall into each colour bin.', {
    404: 'There is no such version, or it holds no prior.',
    422: 'The stored prior is damaged.',
  })
  @ZodResponse({ status: 200, type: DatasetPriorDto })
  getPrior(@Param() { digest }: DatasetVersionParams, @Query() query: PriorQueryDto) {
    return this.datasets.getPrior(digest, query);
  }

  @Get('dataset-versions/:digest/pictures/:picture.png')
  @Documented('Shows the previews in grey or in colour, or a contact sheet of a split.', {
    404: 'There is no such version.',
  })
  @ApiProduces('image/png')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async getPicture(
    @Param() { digest, picture }: PictureParams,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const file = await this.datasets.getPicture(digest, picture);
    await sendObject(this.objects, request, response, {
      key: datasetFileKey(file),
      type: 'image/png',
      tag: file.sha256,
    });
  }
}
