import { DomainError } from '@chromatune/contracts';

export class RunNotFound extends DomainError {
  constructor(id: string) {
    super('run_not_found', 404, `There is no run ${id}.`, {
      remedy: 'The page of a sweep lists its runs, and so does: npx chromatune sweep show SWEEP',
    });
  }
}

export class CheckpointNotFound extends DomainError {
  constructor(id: string, attempt: number, step: number) {
    super(
      'checkpoint_not_found',
      404,
      `Run ${id} keeps no checkpoint of attempt ${attempt} at step ${step}.`,
      {
        remedy: 'The latest and the best one are kept; GET /api/runs/:id lists them.',
      },
    );
  }
}

/** Said before anything is trained, because the answer could only be wrong. */
export class NotReproducible extends DomainError {
  constructor(reason: string, remedy: string) {
    super('not_reproducible', 409, `NOT REPRODUCIBLE because ${reason}.`, { remedy });
  }
}
