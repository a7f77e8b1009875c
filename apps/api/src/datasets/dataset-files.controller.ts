import { Controller, Head, HttpCode, Param, Put, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Documented } from '../http/documented.js';
import { DatasetUploadsService } from './dataset-uploads.service.js';
import { DatasetFileParams } from './datasets.dto.js';

@ApiTags('datasets')
@Controller('dataset-files')
export class DatasetFilesController {
  constructor(private readonly uploads: DatasetUploadsService) {}

  @Head(':sha256')
  @Documented('Says whether a file was uploaded, with its size as Content-Length.', { 404: 'It was not.' })
  @ApiOkResponse({ description: 'It was.' })
  async look(@Param() { sha256 }: DatasetFileParams, @Res() response: Response): Promise<void> {
    response.setHeader('content-length', await this.uploads.getSize(sha256)).end();
  }

  @Put(':sha256')
  @Documented('Uploads a file: the raw bytes as body. Repeating it is harmless.', {
    413: 'The file is too large.',
    422: 'The bytes have another digest.',
    507: 'There is no space left where it is received.',
  })
  @HttpCode(204)
  @ApiConsumes('application/octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiNoContentResponse({ description: 'Stored, and its digest is right.' })
  async upload(
    @Param() { sha256 }: DatasetFileParams,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    try {
      await this.uploads.receive(sha256, request);
    } catch (error) {
      response.setHeader('connection', 'close'); // the rest of a refused body is not read
      throw error;
    }
  }
}
