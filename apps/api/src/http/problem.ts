import { DomainError, type Problem, type ProblemField } from '@chromatune/contracts';
import { HttpException } from '@nestjs/common';
import { ZodSerializationException, ZodValidationException } from 'nestjs-zod';
import { z } from 'zod';

/** Turns whatever was thrown into the one shape of error answers. Unknown errors keep their details to the log. */
export function toProblem(error: unknown, requestId: string): Problem {
  return { ...describe(error), requestId };
}

function describe(error: unknown): Omit<Problem, 'requestId'> {
  if (error instanceof DomainError) return describeDomainError(error);
  if (error instanceof ZodValidationException) return describeInvalid(error.getZodError());
  if (error instanceof ZodSerializationException) return bug;
  if (error instanceof HttpException) return describeStatus(error.getStatus(), error.message);
  if (isRefusal(error)) return describeStatus(error.status, error.message);
  return bug;
}

function describeDomainError({ code, status, message, remedy, fields }: DomainError) {
  return { code, title: message, status, ...(remedy && { remedy }), ...(fields && { fields }) };
}

/** More help nobody, and a long list that is wrong throughout has as many as elements. */
const mostFields = 100;

function describeInvalid(error: unknown) {
  const fields: ProblemField[] =
    error instanceof z.ZodError
      ? error.issues
          .slice(0, mostFields)
          .map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
      : [];
  const [first] = fields;
  const title = first
    ? `The request is not valid: ${first.path ? `${first.path}: ` : ''}${first.message}`
    : 'The request is not valid.';
  return {
    code: 'invalid_request',
    title,
    status: 400,
    remedy: seeDocumentation,
    fields,
  };
}

function describeStatus(status: number, message: string) {
  const known = statusTexts[status];
  return {
    code: known?.code ?? `http_${status}`,
    title: known?.title ?? message,
    status,
    remedy: known?.remedy ?? seeDocumentation,
  };
}

const seeDocumentation = 'See /api/docs for what is expected.';

/** How middlewares of Express refuse a request: a body too large, a file that is not there. */
const isRefusal = (error: unknown): error is Error & { status: number } =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500;

const statusTexts: Partial<Record<number, { code: string; title?: string; remedy?: string }>> = {
  400: { code: 'invalid_request' },
  404: {
    code: 'not_found',
    title: 'There is nothing at this address.',
    remedy: 'See /api/docs for the routes.',
  },
  413: {
    code: 'too_large',
    title: 'The request is too large.',
    remedy: 'JSON has 1 MiB at most, the manifest of a dataset 64 MiB.',
  },
};

const bug = {
  code: 'internal_error',
  title: 'The API met an error that it does not know.',
  status: 500,
  remedy: 'Its log has the details under this request id.',
};
