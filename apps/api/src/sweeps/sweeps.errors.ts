import { DomainError, type SpecProblem, type SweepState } from '@chromatune/contracts';

export class InvalidSweepSpec extends DomainError {
  constructor(problems: SpecProblem[]) {
    const [first] = problems;
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    const place = first?.line ? `line ${first.line}: ` : '';
    super(
      'invalid_sweep_spec',
      400,
      `The sweep spec is not valid: ${place}${first?.message ?? 'empty'}${more}`,
      {
        remedy: 'Correct this and launch again. To check without launching: npx chromatune sweep plan FILE',
        fields: problems,
      },
    );
  }
}

export class SweepNotFound extends DomainError {
  constructor(id: string) {
    super('sweep_not_found', 404, `There is no sweep ${id}.`, {
      remedy: 'The first page lists all sweeps, and so does: npx chromatune sweep list',
    });
  }
}

export class TooManySweeps extends DomainError {
  constructor(limit: number) {
    super('too_many_sweeps', 429, `${limit} sweeps are active already.`, {
      remedy: 'Wait until one has ended, or cancel one.',
    });
  }
}

export class SweepHasEnded extends DomainError {
  constructor(id: string, state: SweepState) {
    super('sweep_has_ended', 409, `Sweep ${id} is ${state}; this needs one that has not ended.`, {
      remedy: 'Launch its spec again as a new sweep.',
    });
  }
}
