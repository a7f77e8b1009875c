import { Controller, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { RunParams } from '../runs/runs.dto.js';
import { ColorizeQueryDto } from './colorize.dto.js';
import { ColorizeService } from './colorize.service.js';

@ApiTags('runs')
@Controller('runs')
export class ColorizeController {
  constructor(private readonly photos: ColorizeService) {}

  /**
   * Colours a photograph as the run has learned it: the file as body (JPEG, PNG, WebP, TIFF or AVIF; grey or in colour), the
   * coloured one at its full size as answer. A trainer does it, within two minutes.
   */
  @Post(':id/colorize')
  @HttpCode(200)
  @ApiConsumes('application/octet-stream', 'image/*')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiProduces('image/png', 'image/jpeg')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async colorize(
    @Param() { id }: RunParams,
    @Query() query: ColorizeQueryDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    let picture: Uint8Array;
    try {
      picture = await this.photos.colorize(id, query, request);
    } catch (error) {
      response.setHeader('connection', 'close'); // the rest of a refused body is not read
      throw error;
    }
    response.set('cache-control', 'no-store').type(`image/${query.format}`).send(Buffer.from(picture));
  }
}
