import { createHash } from 'node:crypto';
import { type WeightsNetwork, weightsFormat, weightsNetwork } from '@chromatune/contracts';
import { type Progress } from '../import/import-options.js';
import { networkVariables } from './network-layout.js';
import { recognizeNetwork } from './recognize-network.js';
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
  network: WeightsNetwork;
  /** The canonical file: the same weights give the same bytes, whatever file they came in. */
  bytes: Uint8Array;
  /** SHA-256 of `bytes`. */
  digest: string;
  tensors: number;
  /** What was read, for people: "a PyTorch file". */
  kind: string;
  /** Names that are no part of the network, such as those of an encoder's classifier. */
  leftOut: string[];
}

/**
 * Reads pretrained weights of an encoder or of LPIPS (see `openWeightsFile` for the kinds of files), and makes them one
 * canonical safetensors file: float32, the names of our networks, kernels as (height, width, from, to).
 * @throws WeightsError when they are of no network that we have, or hold what no number is
 */
export async function importWeights(path: string, onProgress: Progress = () => {}): Promise<ImportedWeights> {
  const file = await openWeightsFile(path);
  try {
    const { network, found, leftOut } = recognizeNetwork(path, file.tensors);
    const tensors: NamedTensor[] = [];
    const variables = networkVariables(network);
    for (const [index, { stored }] of found.entries()) {
      tensors.push({ ...variables[index]!, data: await readNumbers(path, stored) });
      onProgress(tensors.length, found.length, 'reading weights');
    }
    const bytes = encodeWeights(network, tensors);
    const digest = createHash('sha256').update(bytes).digest('hex');
    return { network, bytes, digest, tensors: tensors.length, kind: file.kind, leftOut };
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
  const never = neverNegative.find(({ names }) => names.test(name));
  if (never && data.some((value) => value < 0)) {
    throw new WeightsError(path, `${name} holds a negative ${never.what}`);
  }
  return data;
}

/** Below zero, no network was trained with them. LPIPS keeps its weights there, so that a distance is one. */
const neverNegative = [
  { names: /running_var$/, what: 'variance' },
  { names: /lin\d\.model\.1\.weight$/, what: 'weight of a distance' },
];

/** The canonical file of these tensors, which must be those of `networkVariables`. */
export const encodeWeights = (network: WeightsNetwork, tensors: NamedTensor[]) =>
  encodeSafetensors(tensors, { format: weightsFormat, [networkKey]: network });

/** The first networks were encoders; another word now would change the digests of their files. */
const networkKey = 'encoder';

/**
 * What a canonical file of weights holds, by its header.
 * @param head at least the header of the file; 1 MiB is enough
 * @throws WeightsError when it is not exactly what `importWeights` makes for a network
 */
export function describeWeights(
  head: Uint8Array,
  fileBytes: number,
): { network: WeightsNetwork; tensors: number } {
  const { entries, metadata } = readSafetensorsHeader(head, fileBytes);
  const network = weightsNetwork.safeParse(metadata[networkKey]);
  if (metadata['format'] !== weightsFormat || !network.success) {
    throw notCanonical('its metadata name no network');
  }
  const layout = networkVariables(network.data);
  if (entries.length !== layout.length) {
    throw notCanonical(`${network.data} has ${layout.length} tensors, and it has ${entries.length}`);
  }
  layout.forEach((wanted, index) => {
    const { name, dtype, shape } = entries[index]!;
    const is = `${name} ${dtype} (${shape})`;
    const expected = `${wanted.name} F32 (${wanted.shape})`;
    if (is !== expected) throw notCanonical(`${is} stands where ${expected} belongs`);
  });
  return { network: network.data, tensors: entries.length };
}

/** Reads a canonical file of weights. @throws WeightsError, SafetensorsError when it is another file */
export function decodeWeights(bytes: Uint8Array): { network: WeightsNetwork; tensors: NamedTensor[] } {
  const { network } = describeWeights(bytes, bytes.length);
  return { network, tensors: decodeSafetensors(bytes).tensors };
}

const notCanonical = (what: string) =>
  new WeightsError('The file of weights', what, {
    remedy: 'Import the weights with: npx chromatune weights import FILE',
  });
