import { DomainError, type ProblemField } from '@chromatune/contracts';

/** A file of weights that cannot be read, or does not fit. The message begins with the file's name. */
export class WeightsError extends DomainError {
  constructor(
    file: string,
    what: string,
    more: { remedy?: string; fields?: ProblemField[]; cause?: unknown } = {},
  ) {
    super('unreadable_weights', 422, `${file}: ${what}.`, {
      remedy: 'Check that the file was downloaded whole, and that it holds weights of a network.',
      ...more,
    });
  }
}
