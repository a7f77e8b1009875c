import { type Problem, problem, type ProblemField } from '@chromatune/contracts';

/** What people are told when a request fails: what happened, what to do, and whether trying again can help. */
export interface Explanation {
  title: string;
  remedy: string;
  canRetry: boolean;
  fields: ProblemField[];
}

/** An answer of the API that is not a success, in the one shape of `problem`. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.title);
    this.name = 'ApiError';
  }
}

/** The API answered something that its contract does not allow: this page is older or newer than the API. */
export class ContractError extends Error {
  constructor(path: string, detail: string) {
    super(`The answer to ${path} has an unexpected shape: ${detail}`);
    this.name = 'ContractError';
  }
}

/** The only place that turns a thrown value into words for people. */
export function explain(error: unknown): Explanation {
  if (error instanceof ApiError) {
    const { title, remedy, status, fields } = error.problem;
    return {
      title,
      remedy: remedy ?? (status >= 500 ? 'Try again; the log of the API says more.' : ''),
      canRetry: status >= 500 || status === 429,
      fields: fields ?? [],
    };
  }
  if (error instanceof ContractError) {
    return {
      title: error.message,
      remedy: 'Reload the page: it and the API may be of different versions.',
      canRetry: true,
      fields: [],
    };
  }
  if (error instanceof TypeError) {
    return {
      title: 'The API does not answer.',
      remedy: 'Check that Chromatune still runs where you started it (npm start), then try again.',
      canRetry: true,
      fields: [],
    };
  }
  return {
    title: error instanceof Error ? error.message : String(error),
    remedy: 'Reload the page. If it stays, it is a bug: please report it.',
    canRetry: true,
    fields: [],
  };
}

/** Reads an error body; a proxy's HTML page becomes a problem too. */
export async function toApiError(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const parsed = problem.safeParse(body);
  if (parsed.success) return new ApiError(parsed.data);
  return new ApiError({
    code: 'no_problem',
    status: response.status,
    title: `The API answered ${response.status} ${response.statusText}`.trim() + '.',
    requestId: response.headers.get('x-request-id') ?? '',
  });
}
