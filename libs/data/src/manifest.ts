import { createHash } from 'node:crypto';
import {
  canonicalJson,
  datasetFiles,
  datasetManifest,
  type DatasetManifest,
  DomainError,
} from '@chromatune/contracts';
import { npyHeaderBytes } from './npy/npy-bytes.js';
import { priorBytes } from './prior.js';

/** The digest of a dataset version: SHA-256 of its manifest as canonical JSON. */
export function manifestDigest(manifest: DatasetManifest): string {
  return createHash('sha256').update(canonicalJson(manifest)).digest('hex');
}

/**
 * Checks what the shape of a manifest alone does not say: counts and sizes agree, and no name stands for two files.
 * @returns the manifest as the schema reads it
 * @throws DomainError that lists what is wrong
 */
export function verifyManifest(manifest: unknown): DatasetManifest {
  const parsed = datasetManifest.safeParse(manifest);
  if (!parsed.success) {
    throw invalid(
      parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'manifest'}: ${message}`),
    );
  }
  const problems = [
    ...countProblems(parsed.data),
    ...nameProblems(parsed.data),
    ...sizeProblems(parsed.data),
  ];
  if (problems.length > 0) throw invalid(problems);
  return parsed.data;
}

function* countProblems({ images, shards, previews, imageSize }: DatasetManifest): Iterable<string> {
  for (const split of ['train', 'validation', 'test'] as const) {
    const rows = shards.reduce((sum, shard) => sum + (shard.split === split ? shard.images : 0), 0);
    if (rows !== images[split]) yield `images.${split}: ${images[split]} stated, ${rows} in the shards`;
    if (rows === 0) yield `images.${split}: there is none`;
  }
  if (previews.images < 1 || previews.images > images.validation) {
    yield `previews.images: ${previews.images} of ${images.validation} validation images`;
  }
  if (previews.size < imageSize || previews.size % imageSize !== 0) {
    yield `previews.size: ${previews.size} is not a multiple of ${imageSize}`;
  }
}

function* nameProblems(manifest: DatasetManifest): Iterable<string> {
  const digests = new Map<string, string>();
  for (const { name, sha256 } of datasetFiles(manifest)) {
    if (digests.has(name)) yield `file ${name}: stands twice`;
    digests.set(name, sha256);
  }
}

function* sizeProblems({
  manifestVersion,
  shards,
  previews,
  prior,
  imageSize,
}: DatasetManifest): Iterable<string> {
  if (manifestVersion === 2 && !prior) yield 'prior: version 2 needs it';
  if (prior && prior.bytes !== priorBytes) {
    yield `file ${prior.name}: ${prior.bytes} bytes stated, ${priorBytes} needed`;
  }
  const arrays = [...shards.map((shard) => ({ ...shard, size: imageSize })), previews];
  for (const { l, ab, images, size } of arrays) {
    const shape = [images, size, size];
    for (const { file, sides } of [
      { file: l, sides: shape },
      { file: ab, sides: [...shape, 2] },
    ]) {
      const expected =
        npyHeaderBytes('u1', sides).length + sides.reduce((product, side) => product * side, 1);
      if (file.bytes !== expected) yield `file ${file.name}: ${file.bytes} bytes stated, ${expected} needed`;
    }
  }
}

function invalid(problems: string[]): DomainError {
  return new DomainError(
    'invalid_manifest',
    422,
    `This is not a valid dataset manifest: ${problems.slice(0, 5).join('; ')}.`,
    { remedy: 'Import the dataset again with this version of Chromatune.' },
  );
}
