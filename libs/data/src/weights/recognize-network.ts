import { isLpips, type ProblemField, type WeightsNetwork, weightsNetwork } from '@chromatune/contracts';
import { type LayoutTensor } from './encoder-layout.js';
import { networkLayout } from './network-layout.js';
import { isFloat, type StoredTensor } from './stored-tensor.js';
import { WeightsError } from './weights-error.js';

export interface RecognizedNetwork {
  network: WeightsNetwork;
  /** Every tensor of the network, in its order, with where it is stored. */
  found: { wanted: LayoutTensor; stored: StoredTensor }[];
  /** Names of tensors that are no part of it. */
  leftOut: string[];
}

/**
 * Tells by names and shapes which network weights belong to. Names may have any prefix ("module.", "backbone/"), and
 * other parts may stand beside the network; of the network itself nothing may be missing, unknown or of another shape.
 * @throws WeightsError that says what differs from the most similar network
 */
export function recognizeNetwork(path: string, tensors: readonly StoredTensor[]): RecognizedNetwork {
  let nearest: Comparison | null = null;
  for (const prefix of prefixesOf(tensors)) {
    for (const network of weightsNetwork.options) {
      const comparison = compare(network, prefix, tensors);
      if (comparison.differences.length === 0) return comparison;
      if (comparison.alike > 0 && (!nearest || likeness(comparison) > likeness(nearest)))
        nearest = comparison;
    }
  }
  throw nearest ? differentNetwork(path, nearest) : noNetwork(path, tensors);
}

interface Comparison extends RecognizedNetwork {
  /** How many tensors have a name and shape of the network. */
  alike: number;
  differences: ProblemField[];
}

/** A smaller network is a part of its larger relatives: what these miss counts too. */
const likeness = ({ alike, differences }: Comparison) => alike - differences.length;

/** What stands before the name of a network's first kernel. */
function prefixesOf(tensors: readonly StoredTensor[]): string[] {
  const prefixes = tensors.flatMap(({ name, shape }) => {
    const stem = /^(|.*[./])(conv1|features\.0|net\.slice1\.0)\.weight$/.exec(name);
    return stem && shape.length === 4 && !/(^|[./])layer\d\./.test(stem[1]!) ? [stem[1]!] : [];
  });
  return [...new Set(prefixes)].sort((a, b) => a.length - b.length).slice(0, 8);
}

/** Begins the names of a network's own tensors. */
function ownNames(network: WeightsNetwork): RegExp {
  if (isLpips(network)) return /^(net|scaling_layer|lin\d)\./;
  return network.startsWith('vgg') ? /^features\./ : /^(conv1|bn1|layer\d+)\./;
}

/** A counter of PyTorch's batch norm that nothing reads, and what LPIPS holds a second time, as a list. */
const unread = /\.num_batches_tracked$|^lins\.\d\.model\./;

function compare(network: WeightsNetwork, prefix: string, tensors: readonly StoredTensor[]): Comparison {
  const own = ownNames(network);
  const stored = new Map<string, StoredTensor>();
  const leftOut: string[] = [];
  for (const tensor of tensors) {
    const name = tensor.name.startsWith(prefix) ? tensor.name.slice(prefix.length) : '';
    if (unread.test(name)) continue;
    if (own.test(name)) stored.set(name, tensor);
    else leftOut.push(tensor.name);
  }
  const found: Comparison['found'] = [];
  const differences: ProblemField[] = [];
  let alike = 0;
  for (const wanted of networkLayout(network)) {
    const tensor = stored.get(wanted.name);
    const difference = differenceOf(wanted, tensor);
    if (difference === null || difference === integers) alike += 1;
    if (difference === null) found.push({ wanted, stored: tensor! });
    else differences.push({ path: prefix + wanted.name, message: difference });
    stored.delete(wanted.name);
  }
  for (const name of stored.keys())
    differences.push({ path: prefix + name, message: `is no part of ${network}` });
  return { network, found, alike, differences, leftOut };
}

const integers = 'holds integers';

function differenceOf(wanted: LayoutTensor, tensor: StoredTensor | undefined): string | null {
  if (!tensor) return 'is missing';
  if (tensor.type === 'other') return 'holds no numbers';
  if (String(tensor.shape) !== String(wanted.shape)) {
    return `has shape (${tensor.shape.join(', ')}) instead of (${wanted.shape.join(', ')})`;
  }
  return isFloat(tensor.type) ? null : integers;
}

const known = weightsNetwork.options.join(', ');
const encoders = weightsNetwork.options.filter((network) => !isLpips(network)).join(', ');

const noNetwork = (path: string, tensors: readonly StoredTensor[]) =>
  new WeightsError(
    path,
    tensors.length === 0
      ? 'it holds no tensors'
      : `none of its ${tensors.length} tensors is one of a network that can be imported; the first are ` +
          tensors
            .slice(0, 3)
            .map(({ name }) => name.slice(0, 80))
            .join(', '),
    {
      remedy: `Weights of these can be imported, under the names that torchvision and the package lpips give: ${known}.`,
    },
  );

function differentNetwork(path: string, { network, differences }: Comparison): WeightsError {
  const [first] = differences;
  const more = differences.length > 1 ? `, and ${differences.length - 1} more differ` : '';
  return new WeightsError(path, `it is most like ${network}, but ${first!.path} ${first!.message}${more}`, {
    remedy: isLpips(network)
      ? "Save the state dict of lpips.LPIPS(net='alex') or 'vgg', with its pretrained network, and import that."
      : `Import weights as torchvision makes them, with all their stages, of one of: ${encoders}.`,
    fields: differences.slice(0, 10),
  });
}
