import { DomainError, type DatasetFile } from '@chromatune/contracts';

export class DatasetNotFound extends DomainError {
  constructor(name: string, known: string[]) {
    const remedy = known.length
      ? `Known datasets: ${known.join(', ')}.`
      : 'There are none yet. Bring one with `chromatune data import`.';
    super('dataset_not_found', 404, `There is no dataset "${name}".`, { remedy });
  }
}

export class DatasetVersionNotFound extends DomainError {
  constructor(digest: string) {
    super('dataset_version_not_found', 404, `There is no dataset version ${digest.slice(0, 12)}.`, {
      remedy: 'GET /api/datasets lists them.',
    });
  }
}

export class NoPriorStored extends DomainError {
  constructor(digest: string) {
    super(
      'no_prior_stored',
      404,
      `Dataset version ${digest.slice(0, 12)} holds no prior: it was imported before there was one.`,
      {
        remedy:
          'Import the data again with `chromatune data import`. Training counts the colours itself meanwhile.',
      },
    );
  }
}

export class DatasetFileNotFound extends DomainError {
  constructor(sha256: string) {
    super('dataset_file_not_found', 404, `No file with SHA-256 ${sha256.slice(0, 12)} has been uploaded.`);
  }
}

export class DatasetFilesMissing extends DomainError {
  constructor(missing: DatasetFile[], of: number) {
    super(
      'dataset_files_missing',
      409,
      `${missing.length} of ${of} files of this dataset version are not uploaded.`,
      {
        remedy: 'PUT each to /api/dataset-files/:sha256, then send the manifest again.',
        fields: missing.slice(0, 1000).map(({ sha256, name, bytes }) => ({
          path: sha256,
          message: `${name} (${bytes} bytes) is missing or has another size`,
        })),
      },
    );
  }
}

export class InvalidManifest extends DomainError {
  constructor(what: string) {
    super('invalid_manifest', 400, `The manifest contradicts itself: ${what}.`, {
      remedy: 'Import the data again with `chromatune data import`.',
    });
  }
}

export class DatasetFileTooLarge extends DomainError {
  constructor(limit: number) {
    super('dataset_file_too_large', 413, `A dataset file has ${limit} bytes at most.`, {
      remedy: 'Split the data into smaller shards.',
    });
  }
}
