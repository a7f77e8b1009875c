import { z } from 'zod';

/** The one shape of every error response (after RFC 9457). `title` says what happened, `remedy` what to do. */
export const problem = z.object({
  code: z.string(),
  title: z.string(),
  remedy: z.string().optional(),
  status: z.number().int(),
  requestId: z.string(),
  fields: z
    .array(
      z.object({
        path: z.string(),
        message: z.string(),
        line: z.number().int().optional(),
        column: z.number().int().optional(),
      }),
    )
    .optional(),
});
export type Problem = z.infer<typeof problem>;
export type ProblemField = NonNullable<Problem['fields']>[number];

/** An error we expect and can explain to the person who met it. Anything else is a bug. */
export class DomainError extends Error {
  readonly remedy: string | undefined;
  readonly fields: ProblemField[] | undefined;

  constructor(
    readonly code: string,
    readonly status: number,
    message: string,
    more: { remedy?: string; fields?: ProblemField[]; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = new.target.name;
    this.remedy = more.remedy;
    this.fields = more.fields;
  }
}
