import { z } from 'zod';
import { datasetName, instant, sha256 } from './ids.js';
import { trainingParameters } from './parameters.js';

export const split = z.enum(['train', 'validation', 'test']);
export type Split = z.infer<typeof split>;

/** A file of a dataset version; `datasetFileKey` says where it lies in the object store. */
export const datasetFile = z.object({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,80}$/),
  bytes: z.number().int().positive(),
  sha256,
});
export type DatasetFile = z.infer<typeof datasetFile>;

/** `images` rows of one split: L as uint8 (n, h, w), ab as uint8 (n, h, w, 2), in OpenCV's 8-bit Lab convention. */
export const shard = z.object({
  split,
  images: z.number().int().positive(),
  l: datasetFile,
  ab: datasetFile,
});
export type Shard = z.infer<typeof shard>;

export const datasetStatistics = z.object({
  /** Counts of ab in cells of 10 units: index = (a cell + 13) * 26 + (b cell + 13), cells from -13 to 12. Training split. */
  abHistogram: z.array(z.number().int().nonnegative()).length(676),
  meanAb: z.tuple([z.number(), z.number()]).describe('Mean a and b of the training split, in ab units.'),
  meanChroma: z.number(),
  /** ab RMSE and PSNR on the validation split of predicting grey, or the mean colour of the training split. */
  baselines: z.object({
    grey: z.object({ abRmse: z.number(), psnr: z.number() }),
    meanColor: z.object({ abRmse: z.number(), psnr: z.number() }),
  }),
  outOfGamutShare: z.number().min(0).max(1),
});
export type DatasetStatistics = z.infer<typeof datasetStatistics>;

export const sourceCredit = z.object({
  file: z.string(),
  licence: z.string(),
  author: z.string().optional(),
});

/** What a dataset version is. Its digest is the SHA-256 of this object as canonical JSON. Nothing in it depends on time or place. */
export const datasetManifest = z.object({
  /** Version 1 had no `prior`. */
  manifestVersion: z.union([z.literal(1), z.literal(2)]),
  name: datasetName,
  importer: z.enum(['photos', 'npy', 'synthetic']),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  imageSize: z.number().int().min(16).max(1024),
  images: z.object({ train: z.number().int(), validation: z.number().int(), test: z.number().int() }),
  sources: z.number().int().describe('Photographs or rows it was made from.'),
  shards: z.array(shard).min(1),
  /** Larger versions of the first validation images: L (m, P, P) and ab (m, P, P, 2), npy, with P a multiple of imageSize. Row i is row i of the validation split. */
  previews: z.object({ size: z.number().int(), images: z.number().int(), l: datasetFile, ab: datasetFile }),
  /** Pictures for people: `grey.png` and `truth.png` are strips of the previews, contact sheets show each split. */
  pictures: z.object({
    grey: datasetFile,
    truth: datasetFile,
    contactSheets: z.object({ train: datasetFile, validation: datasetFile, test: datasetFile }),
  }),
  /** How often each 8-bit (a, b) occurs in the training split: npy f8 (256, 256), a first. */
  prior: datasetFile.optional(),
  statistics: datasetStatistics,
  skipped: z.array(z.object({ file: z.string(), reason: z.string() })).max(10_000),
  card: z.object({ title: z.string(), description: z.string(), credits: z.array(sourceCredit).max(100_000) }),
});
export type DatasetManifest = z.infer<typeof datasetManifest>;

export const datasetVersion = z.object({
  digest: sha256,
  name: datasetName,
  importer: datasetManifest.shape.importer,
  imageSize: z.number().int(),
  images: datasetManifest.shape.images,
  bytes: z.number().int(),
  shards: z.number().int(),
  createdAt: instant,
});
export type DatasetVersion = z.infer<typeof datasetVersion>;

export const dataset = z.object({
  name: datasetName,
  versions: z.array(datasetVersion).describe('Newest first.'),
});
export type Dataset = z.infer<typeof dataset>;

export const datasetDetail = z.object({ version: datasetVersion, manifest: datasetManifest });
export type DatasetDetail = z.infer<typeof datasetDetail>;

/** Which bins the prior of a dataset version is wanted for: as in a recipe. */
export const priorQuery = z
  .strictObject({
    binSet: trainingParameters.binSet,
    binGridSize: z.coerce
      .number()
      .pipe(trainingParameters.binGridSize.removeDefault())
      .default(trainingParameters.binGridSize.parse(undefined)),
  })
  .refine(({ binSet, binGridSize }) => binSet !== 'zhang-313' || binGridSize === 10, {
    path: ['binGridSize'],
    message: 'zhang-313 has a grid size of 10 alone',
  });
export type PriorQuery = z.infer<typeof priorQuery>;

/** How often the colours of the training split fall into each bin. */
export const datasetPrior = z.object({
  binSet: trainingParameters.binSet.removeDefault(),
  binGridSize: trainingParameters.binGridSize.removeDefault(),
  count: z.number().int().positive().describe('Bins, empty ones included.'),
  bins: z
    .array(z.object({ a: z.number(), b: z.number(), share: z.number().positive().max(1) }))
    .describe(
      'Centres, in ab units, of the bins that hold colours, by a, then b, and their share of all pixels.',
    ),
  entropy: z
    .number()
    .nonnegative()
    .describe('In nats: the cross entropy of a network that predicts this distribution at every pixel.'),
});
export type DatasetPrior = z.infer<typeof datasetPrior>;

/** Every file of a dataset version, for upload, verification and download. */
export function datasetFiles(manifest: DatasetManifest): DatasetFile[] {
  const { shards, previews, pictures, prior } = manifest;
  const files = [
    ...shards.flatMap(({ l, ab }) => [l, ab]),
    previews.l,
    previews.ab,
    pictures.grey,
    pictures.truth,
    ...Object.values(pictures.contactSheets),
    ...(prior ? [prior] : []),
  ];
  return files;
}

/** Object store key of a dataset file. Files are addressed by content, so versions that share one store it once. */
export const datasetFileKey = (file: Pick<DatasetFile, 'sha256'>) =>
  `datasets/files/${file.sha256.slice(0, 2)}/${file.sha256}`;

/** Most bytes of one uploaded dataset file: a shard is at most 32 MiB, and its header a little more. */
export const maxDatasetFileBytes = 32 * 1024 * 1024 + 4096;
