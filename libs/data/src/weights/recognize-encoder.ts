import { type PretrainedEncoder, pretrainedEncoder, type ProblemField } from '@chromatune/contracts';
import { encoderLayout, type LayoutTensor } from './encoder-layout.js';
import { isFloat, type StoredTensor } from './stored-tensor.js';
import { WeightsError } from './weights-error.js';

export interface RecognizedEncoder {
  encoder: PretrainedEncoder;
  /** Every tensor of the encoder, in its order, with where it is stored. */
  found: { wanted: LayoutTensor; stored: StoredTensor }[];
  /** Names of tensors that are no part of it. */
  leftOut: string[];
}

/**
 * Tells by names and shapes which encoder weights belong to. Names may have any prefix ("module.", "backbone."), and
 * other parts may stand beside the encoder; of the encoder itself nothing may be missing, unknown or of another shape.
 * @throws WeightsError that says what differs from the most similar encoder
 */
export function recognizeEncoder(path: string, tensors: readonly StoredTensor[]): RecognizedEncoder {
  let nearest: Comparison | null = null;
  for (const prefix of prefixesOf(tensors)) {
    for (const encoder of pretrainedEncoder.options) {
      const comparison = compare(encoder, prefix, tensors);
      if (comparison.differences.length === 0) return comparison;
      if (nearest === null || comparison.found.length > nearest.found.length) nearest = comparison;
    }
  }
  throw nearest === null ? noEncoder(path, tensors) : differentEncoder(path, nearest);
}

interface Comparison extends RecognizedEncoder {
  differences: ProblemField[];
}

/** What stands before the name of an encoder's first tensor. */
function prefixesOf(tensors: readonly StoredTensor[]): string[] {
  const prefixes = tensors.flatMap(({ name, shape }) => {
    const stem = /^(|.*\.)(conv1|features\.0)\.weight$/.exec(name);
    return stem && shape.length === 4 && !/(^|\.)layer\d\./.test(stem[1]!) ? [stem[1]!] : [];
  });
  return [...new Set(prefixes)].sort((a, b) => a.length - b.length).slice(0, 8);
}

function compare(encoder: PretrainedEncoder, prefix: string, tensors: readonly StoredTensor[]): Comparison {
  const own = encoder.startsWith('vgg') ? /^features\./ : /^(conv1|bn1|layer\d+)\./;
  const stored = new Map<string, StoredTensor>();
  const leftOut: string[] = [];
  for (const tensor of tensors) {
    const name = tensor.name.startsWith(prefix) ? tensor.name.slice(prefix.length) : '';
    if (name.endsWith('.num_batches_tracked')) continue; // a counter of PyTorch's batch norm that nothing reads
    if (own.test(name)) stored.set(name, tensor);
    else leftOut.push(tensor.name);
  }
  const found: Comparison['found'] = [];
  const differences: ProblemField[] = [];
  for (const wanted of encoderLayout(encoder)) {
    const tensor = stored.get(wanted.name);
    const difference = differenceOf(wanted, tensor);
    if (difference === null) found.push({ wanted, stored: tensor! });
    else differences.push({ path: prefix + wanted.name, message: difference });
    stored.delete(wanted.name);
  }
  for (const name of stored.keys())
    differences.push({ path: prefix + name, message: `is no part of ${encoder}` });
  return { encoder, found, differences, leftOut };
}

function differenceOf(wanted: LayoutTensor, tensor: StoredTensor | undefined): string | null {
  if (!tensor) return 'is missing';
  if (String(tensor.shape) !== String(wanted.shape)) {
    return `has shape (${tensor.shape.join(', ')}) instead of (${wanted.shape.join(', ')})`;
  }
  return isFloat(tensor.type) ? null : 'holds integers';
}

const known = pretrainedEncoder.options.join(', ');

const noEncoder = (path: string, tensors: readonly StoredTensor[]) =>
  new WeightsError(
    path,
    `none of its ${tensors.length} tensors is called conv1.weight (a ResNet) or features.0.weight (a VGG); the first are ` +
      (tensors
        .slice(0, 3)
        .map(({ name }) => name.slice(0, 80))
        .join(', ') || 'not there'),
    { remedy: `Weights of these can be imported, under the names that torchvision gives: ${known}.` },
  );

function differentEncoder(path: string, { encoder, differences }: Comparison): WeightsError {
  const [first] = differences;
  const more = differences.length > 1 ? `, and ${differences.length - 1} more differ` : '';
  return new WeightsError(
    path,
    `of ${known} it is most like ${encoder}, but ${first!.path} ${first!.message}${more}`,
    {
      remedy: 'Import the weights of one of these encoders as torchvision makes them, with all their stages.',
      fields: differences.slice(0, 20),
    },
  );
}
