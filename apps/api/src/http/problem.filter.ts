import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import { toProblem } from './problem.js';

/** The only place where errors become answers. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: PinoLogger) {
    logger.setContext(ProblemFilter.name);
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const problem = toProblem(error, String(request.id));
    this.log(error, problem.status);

    if (response.headersSent) {
      response.destroy(); // a broken download must not look complete
      return;
    }
    response.status(problem.status).type('application/problem+json').removeHeader('etag');
    response.setHeader('cache-control', 'no-store');
    response.send(JSON.stringify(problem));
  }

  /** An error a person must act on is one we did not expect. Outages pass, and wrong requests are their sender's. */
  private log(error: unknown, status: number): void {
    if (status === 503) this.logger.warn({ err: error }, 'a service is away');
    else if (status >= 500) this.logger.error({ err: error }, 'unexpected error');
  }
}
