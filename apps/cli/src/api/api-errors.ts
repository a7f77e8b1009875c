import { DomainError, type Problem } from '@chromatune/contracts';

/** The API answered with a problem: it says what happened and what to do. */
export class ApiProblem extends DomainError {
  constructor({ code, status, title, remedy, fields }: Problem) {
    super(code, status, title, {
      ...(remedy === undefined ? {} : { remedy }),
      ...(fields === undefined ? {} : { fields }),
    });
  }
}

export class ApiUnreachable extends DomainError {
  constructor(url: string, cause: unknown) {
    super('api_unreachable', 503, `Chromatune does not answer at ${url} (${reasonOf(cause)}).`, {
      remedy: 'Start it with npm start, or name the address of another one with --api URL.',
      cause,
    });
  }
}

export class UnexpectedAnswer extends DomainError {
  constructor(url: string, what: string, cause?: unknown) {
    super('unexpected_answer', 502, `${url} did not answer like Chromatune: ${what}.`, {
      remedy:
        'Check --api and CHROMATUNE_API_URL. If the address is right, the API has another version: update both.',
      cause,
    });
  }
}

/** fetch hides the reason one or two causes deep. */
function reasonOf(error: unknown): string {
  const { cause, message, code, name } = error as NodeJS.ErrnoException & { cause?: unknown };
  if (cause instanceof Error) return reasonOf(cause);
  return code ?? (name === 'TimeoutError' ? 'no answer in time' : message);
}
