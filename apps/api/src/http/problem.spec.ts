import { DomainError, problem } from '@chromatune/contracts';
import { NotFoundException } from '@nestjs/common';
import { ZodValidationException } from 'nestjs-zod';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toProblem } from './problem.js';

describe('the problem that answers an error', () => {
  it('keeps what a domain error says, with its remedy and fields', () => {
    const fields = [{ path: 'space.loss', message: 'is unknown', line: 3, column: 5 }];
    const error = new DomainError('queue_full', 429, 'The queue is full.', { remedy: 'Wait.', fields });
    expect(toProblem(error, 'r1')).toEqual({
      code: 'queue_full',
      title: 'The queue is full.',
      status: 429,
      remedy: 'Wait.',
      fields,
      requestId: 'r1',
    });
  });

  it('names each wrong field of a request', () => {
    const { error } = z.object({ epochs: z.number() }).safeParse({ epochs: 'many' });
    const answer = toProblem(new ZodValidationException(error), 'r2');
    expect(answer).toMatchObject({ code: 'invalid_request', status: 400, fields: [{ path: 'epochs' }] });
    expect(answer.title).toContain('epochs');
  });

  it('keeps the details of an unknown error to the log', () => {
    const answer = toProblem(new Error('password=hunter2'), 'r3');
    expect(answer).toMatchObject({ code: 'internal_error', status: 500, requestId: 'r3' });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
  });

  it('is what the contract says, whatever was thrown', () => {
    for (const thrown of [new NotFoundException(), new Error('x'), 'text', null, undefined]) {
      expect(problem.safeParse(toProblem(thrown, 'r4')).error).toBeUndefined();
    }
  });
});
