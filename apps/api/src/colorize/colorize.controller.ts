import { Controller, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Documented } from '../http/documented.js';
import { RunParams } from '../runs/runs.dto.js';
import { ColorizeQueryDto } from './colorize.dto.js';
import { ColorizeService } from './colorize.service.js';

@ApiTags('runs')
@Controller('runs')
export class ColorizeController {
  constructor(private readonly photos: ColorizeService) {}

  @Post(':id/colorize')
  @Documented(
    'Colours a photograph as the run has learned it.',
    {
      400: 'The body is no photograph, or a temperature is asked of a run without bins.',
      404: 'There is no such run, or it does not keep that checkpoint.',
      413: 'The photograph is too large.',
      422: 'The photograph cannot be read.',
      429: 'Many are being coloured already: try again.',
      503: 'No trainer answered in time.',
      507: 'There is no space left where it is received.',
    },
    'The file is the body: JPEG, PNG, WebP, TIFF or AVIF, grey or in colour. The answer is the coloured one at its full size. A trainer does it, within two minutes.',
  )
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
