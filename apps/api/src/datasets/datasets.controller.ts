import { type Dataset, datasetFileKey } from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ZodResponse } from 'nestjs-zod';
import { InjectDatabase, InjectObjectStore } from '../config/connections.js';
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
  @ZodResponse({ status: 200, type: [DatasetDto] })
  list() {
    return this.database.datasets.list();
  }

  /** Registers a dataset version. All its files must be uploaded before; repeating it is harmless. */
  @Post('datasets')
  @ZodResponse({ status: 201, type: DatasetVersionDto })
  register(@Body() manifest: DatasetManifestDto) {
    return this.datasets.register(manifest);
  }

  @Get('datasets/:name')
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
  @ZodResponse({ status: 200, type: DatasetDetailDto })
  getVersion(@Param() { digest }: DatasetVersionParams) {
    return this.datasets.getVersion(digest);
  }

  /** How often the colours of the training split fall into each colour bin. */
  @Get('dataset-versions/:digest/prior')
  @ZodResponse({ status: 200, type: DatasetPriorDto })
  getPrior(@Param() { digest }: DatasetVersionParams, @Query() query: PriorQueryDto) {
    return this.datasets.getPrior(digest, query);
  }

  /** The previews in grey and in colour, and a contact sheet of each split. */
  @Get('dataset-versions/:digest/pictures/:picture.png')
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
