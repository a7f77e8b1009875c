import { curve, metricName, runId, storedPoint } from '@chromatune/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { commaList } from '../http/comma-list.js';
import { wholeNumber } from '../http/whole-number.js';

export class StoredPointDto extends createZodDto(storedPoint) {}
export class CurveDto extends createZodDto(curve) {}
export class PointsParams extends createZodDto(z.object({ id: runId })) {}

export class PointsQuery extends createZodDto(
  z.strictObject({
    attempt: wholeNumber(1).optional().describe('Only of this attempt; else of all.'),
    after: wholeNumber(0).optional().describe('Only points with a greater seq.'),
    metric: metricName.optional(),
    limit: z.coerce.number().int().min(1).max(100_000).optional().describe('Most points of the answer.'),
  }),
) {}

export class CurvesQuery extends createZodDto(
  z.strictObject({
    runs: commaList(runId, 200).describe('Run ids, separated by commas.'),
    metrics: commaList(metricName, metricName.options.length).describe('Metric names, separated by commas.'),
    buckets: z.coerce.number().int().min(1).max(5000).default(1000).describe('Most buckets of a curve.'),
    fromStep: wholeNumber(0).optional(),
    toStep: wholeNumber(0).optional(),
  }),
) {}
