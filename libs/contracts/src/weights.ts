import { z } from 'zod';
import { datasetName, instant, sha256 } from './ids.js';
import { modelParameters } from './parameters.js';

/** Encoders whose pretrained weights can be imported: those of torchvision that networks are made of. */
export const pretrainedEncoder = modelParameters.encoder.removeDefault();
export type PretrainedEncoder = z.infer<typeof pretrainedEncoder>;

/** LPIPS (Zhang et al. 2018, version 0.1), by the network whose features it compares. */
export const lpipsNetwork = z.enum(['lpips-alex', 'lpips-vgg']);
export type LpipsNetwork = z.infer<typeof lpipsNetwork>;

/** What imported weights can be of. */
export const weightsNetwork = z.enum([...pretrainedEncoder.options, ...lpipsNetwork.options]);
export type WeightsNetwork = z.infer<typeof weightsNetwork>;

export const isLpips = (network: WeightsNetwork): network is LpipsNetwork =>
  lpipsNetwork.safeParse(network).success;

/** Weights as people name them; the digest is what recipes name. */
export const weightsName = datasetName;

/** Body of `POST /weights`: makes an uploaded file of weights known. What it holds, the API reads from the file itself. */
export const newWeights = z.strictObject({
  digest: sha256,
  name: weightsName,
  source: z.string().min(1).max(255).describe('Name of the file they were imported from.'),
});
export type NewWeights = z.infer<typeof newWeights>;

/** Pretrained weights of an encoder or of LPIPS: immutable, known by the SHA-256 of their file. */
export const weights = z.object({
  ...newWeights.shape,
  network: weightsNetwork,
  tensors: z.number().int().positive(),
  bytes: z.number().int().positive(),
  createdAt: instant,
});
export type Weights = z.infer<typeof weights>;

/** Object store key of a file of weights. */
export const weightsKey = (digest: string) => `weights/${digest.slice(0, 2)}/${digest}`;

/** Format of a file of weights: canonical safetensors, float32, Chromatune's names and order of sides. */
export const weightsFormat = 'chromatune-weights-1';

/** Most bytes of a file of weights: ResNet-152, the largest encoder, has 233 MB. */
export const maxWeightsBytes = 256 * 1024 * 1024;

/** Names under which a training process asks its supervisor for the weights that its recipe names. */
export const weightsFileName = 'encoder-weights.safetensors';
export const lpipsFileName = 'lpips-weights.safetensors';
