import { type CheckpointChoice, DomainError, isEnded, type RunDetail } from '@chromatune/contracts';

/** The run that is to colour. */
export type ColoringRun = Pick<RunDetail, 'id' | 'state' | 'checkpoints'>;

export class CheckpointNotKept extends DomainError {
  constructor({ id, state, checkpoints }: ColoringRun, choice: CheckpointChoice) {
    const epochs = checkpoints
      .filter(({ epoch }) => Number.isInteger(epoch))
      .map(({ epoch, isBest }) => `${epoch}${isBest ? ' (best)' : ''}`);
    const isOver = isEnded(state);
    const which =
      choice === 'best'
        ? `has no best checkpoint${isOver ? '' : ' yet'}`
        : `keeps no checkpoint of epoch ${choice}`;
    super('checkpoint_not_kept', 404, `Run ${id} ${which}.`, {
      remedy:
        epochs.length > 0
          ? `Those of these epochs are kept: ${[...new Set(epochs)].join(', ')}.`
          : isOver
            ? 'It ended before its first epoch was done: choose another run.'
            : 'A checkpoint is kept at the end of each epoch: wait for the first one.',
    });
  }
}

export class TemperatureWithoutBins extends DomainError {
  constructor(runId: string) {
    super(
      'temperature_without_bins',
      400,
      `Run ${runId} predicts colours, not a distribution over colour bins.`,
      {
        remedy: 'Leave out the temperature, or choose a run with the classification or the combined loss.',
      },
    );
  }
}

export class PhotoExpected extends DomainError {
  constructor(what: string) {
    super('photo_expected', 400, `${what}, not a photograph.`, {
      remedy: 'Send the file itself as the body, as curl --data-binary @rose.jpg does.',
    });
  }
}

export class PhotoTooLarge extends DomainError {
  constructor(mostBytes: number) {
    super('photo_too_large', 413, `A photograph has ${mostBytes / 1024 ** 2} MiB at most.`, {
      remedy: 'Save it smaller, or as JPEG.',
    });
  }
}

export class TooManyPhotos extends DomainError {
  constructor(limit: number) {
    super('too_many_photos', 429, `${limit} photographs are being coloured already.`, {
      remedy: 'Wait until one is done.',
    });
  }
}

export class NoTrainerAnswered extends DomainError {
  /** @param waitedSeconds null when nobody was asked */
  constructor(pool: string, waitedSeconds: number | null) {
    const trainer = pool === 'default' ? 'No trainer' : `No trainer of pool ${pool}`;
    super(
      'no_trainer_answered',
      503,
      waitedSeconds === null
        ? `${trainer} is online, and only trainers can colour.`
        : `${trainer} answered within ${waitedSeconds} seconds.`,
      {
        remedy:
          waitedSeconds === null
            ? 'Start one: npm start runs one on this machine.'
            : 'Try again when trainers are less busy, or with a smaller photograph.',
      },
    );
  }
}
