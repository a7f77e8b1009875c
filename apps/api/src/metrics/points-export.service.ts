import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { StoredPoint } from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { InjectDatabase } from '../config/connections.js';
import { RunNotFound } from '../runs/runs.errors.js';
import { readPoints } from './read-points.js';

@Injectable()
export class PointsExportService {
  constructor(@InjectDatabase() private readonly database: Database) {}

  /** Streams every point of a run, attempt by attempt, with bounded memory. */
  async send(runId: string, response: Response): Promise<void> {
    if (!(await this.database.runs.find(runId))) throw new RunNotFound(runId);
    response.type('text/csv').attachment(`${runId}-points.csv`);
    await pipeline(Readable.from(this.lines(runId)), response).catch(ignoreClientGone);
  }

  private async *lines(runId: string): AsyncGenerator<string> {
    yield `${columns.join(',')}\n`;
    for await (const points of readPoints(this.database, runId)) yield points.map(toLine).join('');
  }
}

const columns = [
  'attempt',
  'seq',
  'step',
  'epoch',
  'metric',
  'value',
  'superseded',
  'at',
] as const satisfies Array<keyof StoredPoint>;

/** No cell needs quoting: numbers, metric names, instants and booleans. */
const toLine = (point: StoredPoint) => `${columns.map((column) => point[column]).join(',')}\n`;

function ignoreClientGone(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'))
    throw error;
}
