import { DomainError } from '@chromatune/contracts';

export class DigestMismatch extends DomainError {
  constructor(expected: string, actual: string) {
    super(
      'digest_mismatch',
      422,
      `The uploaded bytes have SHA-256 ${actual.slice(0, 12)}…, not ${expected.slice(0, 12)}….`,
      { remedy: 'The file changed or the upload was damaged: send it again.' },
    );
  }
}

export class UploadFolderFull extends DomainError {
  constructor(folder: string, cause: unknown) {
    super('upload_folder_full', 507, `There is no space left in ${folder}, where uploads are verified.`, {
      remedy: `Free space there, or start the API with TMPDIR set to a folder with space. Uploads then go on.`,
      cause,
    });
  }
}
