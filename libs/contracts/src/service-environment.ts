import { z } from 'zod';
import { DomainError } from './problem.js';

/** Settings that the API and the trainers share. Each app extends it with its own in its `config/`. */
export const serviceEnvironment = z.object({
  DATABASE_URL: z.url({
    protocol: /^postgres(ql)?$/,
    error: 'must be like postgres://user:password@host:5432/name',
  }),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be like redis://:password@host:6379' }),
  /** `file:///folder`, or `s3+http://key:secret@host:9000/bucket?region=us-east-1` (`s3+https` for TLS). */
  OBJECT_STORE_URL: z.url({
    protocol: /^(file|s3\+https?)$/,
    error: 'must be like file:///folder or s3+http://key:secret@host:9000/bucket',
  }),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** `pretty` for people, `json` for machines; by default pretty in a terminal. */
  LOG_FORMAT: z.enum(['pretty', 'json']).optional(),
});
export type ServiceEnvironment = z.infer<typeof serviceEnvironment>;

/** Parses environment variables once, at start. A wrong one stops the start with its name and what is wrong. */
export function parseEnvironment<T extends z.ZodType>(
  schema: T,
  source: Record<string, string | undefined>,
): z.infer<T> {
  const parsed = schema.safeParse(source, { error: sayNumber });
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const name = issue.path.join('.');
    const given = source[name];
    return given === undefined
      ? `  ${name} is not set: ${issue.message}`
      : `  ${name}=${JSON.stringify(withoutSecret(given))}: ${issue.message}`;
  });
  throw new DomainError('invalid_environment', 500, `Invalid environment:\n${lines.join('\n')}`, {
    remedy: 'Correct these variables and start again.',
  });
}

/** zod's own words for text that is no number are "expected number, received NaN". */
const sayNumber: z.core.$ZodErrorMap = (issue) =>
  issue.code === 'invalid_type' && issue.expected === 'number' ? 'must be a number' : undefined;

/** What is shown ends in logs: user and password of an address do not. */
const withoutSecret = (value: string) => value.replace(/:\/\/[^/]*@/, '://…@');

/** How a service ends whose settings are wrong (EX_CONFIG): starting it again cannot help. */
export const invalidEnvironmentExitCode = 78;
