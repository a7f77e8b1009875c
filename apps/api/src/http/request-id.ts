import { randomBytes } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

/** Names each request, so that an answer and the lines of the log find each other. First of all middlewares. */
export function assignRequestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.headers['x-request-id'];
  const id =
    typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomBytes(6).toString('hex');
  request.id = id;
  response.setHeader('x-request-id', id);
  next();
}
