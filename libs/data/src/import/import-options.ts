import { type DatasetManifest, DomainError } from '@chromatune/contracts';

/** What is done now (`what`), and how far it is. */
export type Progress = (done: number, total: number, what: string) => void;

/** What every import takes. */
export interface ImportOptions {
  /** Name of the dataset. */
  name: string;
  /** Where files are built. Each set of options works in a sub-folder of its own, and an import that was stopped goes on there. */
  workFolder: string;
  /** Decides the split and the crops; stored in the manifest. Default 0. */
  seed?: number;
  onProgress?: Progress;
  /** Stops at the next shard; the same import can go on later. */
  signal?: AbortSignal;
}

export interface ImportResult {
  manifest: DatasetManifest;
  digest: string;
  /** Where each file of the manifest lies: file name to path. */
  files: Map<string, string>;
  /** The sub-folder that holds them; to be removed when they are stored elsewhere. */
  folder: string;
}

/** Input from which no dataset can be made. */
export class ImportError extends DomainError {
  constructor(code: string, message: string, remedy: string, cause?: unknown) {
    super(code, 422, message, { remedy, cause });
  }
}

/** @throws ImportError when the image size or the seed is out of its limits */
export function checkCommonOptions({ seed = 0, imageSize }: { seed?: number; imageSize: number }): void {
  if (!Number.isInteger(imageSize) || imageSize < 16 || imageSize > 1024) {
    throw new ImportError(
      'invalid_size',
      `The image size ${imageSize} is not possible.`,
      'Use 16 to 1024 pixels.',
    );
  }
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 31) {
    throw new ImportError(
      'invalid_seed',
      `The seed ${seed} is not possible.`,
      'Use an integer of 0 to 2147483647.',
    );
  }
}
