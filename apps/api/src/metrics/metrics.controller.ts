import type { Database } from '@chromatune/database';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ZodResponse } from 'nestjs-zod';
import { InjectDatabase } from '../config/connections.js';
import { Documented } from '../http/documented.js';
import { CurveDto, CurvesQuery, PointsParams, PointsQuery, StoredPointDto } from './metrics.dto.js';
import { PointsExportService } from './points-export.service.js';

@ApiTags('metrics')
@Controller()
export class MetricsController {
  constructor(
    @InjectDatabase() private readonly database: Database,
    private readonly pointsExport: PointsExportService,
  ) {}

  @Get('runs/:id/points')
  @Documented('Lists points in the order in which they were measured, superseded ones marked.')
  @ZodResponse({ status: 200, type: [StoredPointDto] })
  listPoints(@Param() { id }: PointsParams, @Query() query: PointsQuery) {
    return this.database.points.ofRun(id, query);
  }

  @Get('runs/:id/points.csv')
  @Documented('Gives all points of all attempts as CSV.', { 404: 'There is no such run.' })
  @ApiProduces('text/csv')
  @ApiOkResponse({ schema: { type: 'string' } })
  exportPoints(@Param() { id }: PointsParams, @Res() response: Response): Promise<void> {
    return this.pointsExport.send(id, response);
  }

  @Get('curves')
  @Documented('Lists curves of several runs, reduced to buckets whose extremes are exact.')
  @ZodResponse({ status: 200, type: [CurveDto] })
  listCurves(@Query() { runs, ...query }: CurvesQuery) {
    return this.database.points.curves({ runIds: runs, ...query });
  }
}
