import type { Database } from '@chromatune/database';
import { Body, Controller, Get, HttpCode, Param, Post, Put, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiNoContentResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ZodResponse } from 'nestjs-zod';
import { InjectDatabase } from '../config/connections.js';
import { Documented } from '../http/documented.js';
import { NewWeightsDto, WeightsDto, WeightsParams } from './weights.dto.js';
import { WeightsService } from './weights.service.js';

@ApiTags('weights')
@Controller('weights')
export class WeightsController {
  constructor(
    private readonly weights: WeightsService,
    @InjectDatabase() private readonly database: Database,
  ) {}

  @Get()
  @Documented('Lists the pretrained weights that were imported, newest first.')
  @ZodResponse({ status: 200, type: [WeightsDto] })
  list() {
    return this.database.weights.list();
  }

  @Get(':digest')
  @Documented('Shows pretrained weights.', { 404: 'There are no such weights.' })
  @ZodResponse({ status: 200, type: WeightsDto })
  get(@Param() { digest }: WeightsParams) {
    return this.weights.get(digest);
  }

  @Post()
  @Documented('Makes an uploaded file of weights known under a name. Repeating it is harmless.', {
    409: 'The file is not uploaded.',
  })
  @ZodResponse({ status: 201, type: WeightsDto })
  register(@Body() request: NewWeightsDto) {
    return this.weights.register(request);
  }

  @Put(':digest/file')
  @Documented('Uploads a file of weights, as `chromatune weights import` makes it: the raw bytes as body.', {
    413: 'The file is too large.',
    422: 'The bytes have another digest, or are not the weights of one network.',
    507: 'There is no space left where it is received.',
  })
  @HttpCode(204)
  @ApiConsumes('application/octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiNoContentResponse({
    description: 'Stored: its digest is right, and it holds all tensors of one network.',
  })
  async upload(
    @Param() { digest }: WeightsParams,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    try {
      await this.weights.receive(digest, request);
    } catch (error) {
      response.setHeader('connection', 'close'); // the rest of a refused body is not read
      throw error;
    }
  }
}
