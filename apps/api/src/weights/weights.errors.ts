import { DomainError } from '@chromatune/contracts';

export const importRemedy = 'Import them with: npx chromatune weights import FILE';

export class WeightsNotFound extends DomainError {
  constructor(digest: string) {
    super('weights_not_found', 404, `There are no weights ${digest.slice(0, 12)}.`, {
      remedy: `npx chromatune weights list shows those that there are. ${importRemedy}`,
    });
  }
}

export class WeightsNotUploaded extends DomainError {
  constructor(digest: string) {
    super('weights_not_uploaded', 409, `The file of the weights ${digest.slice(0, 12)} is not uploaded.`, {
      remedy: 'PUT it to /api/weights/:digest/file, then register it again.',
    });
  }
}

export class WeightsTooLarge extends DomainError {
  constructor(limit: number) {
    super('weights_too_large', 413, `A file of weights has ${limit} bytes at most.`, {
      remedy: `It holds one network and nothing else. ${importRemedy}`,
    });
  }
}
