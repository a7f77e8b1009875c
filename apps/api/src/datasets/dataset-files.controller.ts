import { Controller, Head, HttpCode, Param, Put, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiNoContentResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { DatasetUploadsService } from './dataset-uploads.service.js';
import { DatasetFileParams } from './datasets.dto.js';

@ApiTags('datasets')
@Controller('dataset-files')
export class DatasetFilesController {
  constructor(private readonly uploads: DatasetUploadsService) {}

  /** Whether a file was uploaded: 200 with its size as Content-Length, or 404. */
  @Head(':sha256')
  async look(@Param() { sha256 }: DatasetFileParams, @Res() response: Response): Promise<void> {
    response.setHeader('content-length', await this.uploads.getSize(sha256)).end();
  }

  /** Uploads a file: the raw bytes as body. They are verified against the digest. Repeating it is harmless. */
  @Put(':sha256')
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
