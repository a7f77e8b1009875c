import { createHash } from 'node:crypto';
import { type PretrainedEncoder, pretrainedEncoder, weightsFormat } from '@chromatune/contracts';
import { type Progress } from '../import/import-options.js';
import { encoderVariables } from './encoder-layout.js';
import { recognizeEncoder } from './recognize-encoder.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
  readSafetensorsHeader,
} from './safetensors.js';
import { readFloats, type StoredTensor } from './stored-tensor.js';
import { WeightsError } from './weights-error.js';
import { openWeightsFile } from './weights-file.js';

export interface ImportedWeights {
  /** What they are weights of. */
  network: PretrainedEncoder;
  /** The canonical file: the same weights give the same bytes, whatever file they came in. */
  bytes: Uint8Array;
  /** SHA-256 of `bytes`. */
  digest: string;
  tensors: number;
  /** What was read, for people: "a PyTorch file". */
  kind: string;
  /** Names that are no part of the encoder, such as its classifier's. */
  leftOut: string[];
}

/**
 * Reads pretrained weights of an encoder (see `openWeightsFile` for the kinds of files), and makes them one canonical
 * safetensors file: float32, the names of our networks, kernels as (height, width, from, to).
 * @throws WeightsError when they are of no encoder that we have, or hold what no number is
 */
export async function importWeights(path: string, onProgress: Progress = () => {}): Promise<ImportedWeights> {
  const file = await openWeightsFile(path);
  try {
    const { encoder, found, leftOut } = recognizeEncoder(path, file.tensors);
    const tensors: NamedTensor[] = [];
    const variables = encoderVariables(encoder);
    for (const [index, { stored }] of found.entries()) {
      tensors.push({ ...variables[index]!, data: await readNumbers(path, stored) });
      onProgress(tensors.length, found.length, 'reading weights');
    }
    const bytes = encodeWeights(encoder, tensors);
    const digest = createHash('sha256').update(bytes).digest('hex');
    return { network: encoder, bytes, digest, tensors: tensors.length, kind: file.kind, leftOut };
  } finally {
    await file.close();
  }
}

/** Kernels turn from (to, from, height, width) to (height, width, from, to). */
const kernelSides = [2, 3, 1, 0];

async function readNumbers(path: string, stored: StoredTensor): Promise<Float32Array> {
  const { name, shape } = stored;
  const data = await readFloats(stored, shape.length === 4 ? kernelSides : undefined);
  if (!data.every(Number.isFinite)) throw new WeightsError(path, `${name} holds numbers that are not finite`);
  if (name.endsWith('running_var') && data.some((variance) => variance < 0)) {
    throw new WeightsError(path, `${name} holds a negative variance`);
  }
  return data;
}

/** The canonical file of these tensors, which must be those of `encoderVariables`. */
export const encodeWeights = (encoder: PretrainedEncoder, tensors: NamedTensor[]) =>
  encodeSafetensors(tensors, { format: weightsFormat, encoder });

/**
 * What a canonical file of weights holds, by its header.
 * @param head at least the header of the file; 1 MiB is enough
 * @throws WeightsError when it is not exactly what `importWeights` makes for an encoder
 */
export function describeWeights(
  head: Uint8Array,
  fileBytes: number,
): { network: PretrainedEncoder; tensors: number } {
  const { entries, metadata } = readSafetensorsHeader(head, fileBytes);
  const encoder = pretrainedEncoder.safeParse(metadata['encoder']);
  if (metadata['format'] !== weightsFormat || !encoder.success) {
    throw notCanonical('its metadata name no encoder');
  }
  const layout = encoderVariables(encoder.data);
  if (entries.length !== layout.length) {
    throw notCanonical(`${encoder.data} has ${layout.length} tensors, and it has ${entries.length}`);
  }
  layout.forEach((wanted, index) => {
    const { name, dtype, shape } = entries[index]!;
    const is = `${name} ${dtype} (${shape})`;
    const expected = `${wanted.name} F32 (${wanted.shape})`;
    if (is !== expected) throw notCanonical(`${is} stands where ${expected} belongs`);
  });
  return { network: encoder.data, tensors: entries.length };
}

/** Reads a canonical file of weights. @throws WeightsError, SafetensorsError when it is another file */
export function decodeWeights(bytes: Uint8Array): { network: PretrainedEncoder; tensors: NamedTensor[] } {
  const { network } = describeWeights(bytes, bytes.length);
  return { network, tensors: decodeSafetensors(bytes).tensors };
}

const notCanonical = (what: string) =>
  new WeightsError('The file of weights', what, {
    remedy: 'Import the weights with: npx chromatune weights import FILE',
  });
