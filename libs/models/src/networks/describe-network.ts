import { type Recipe } from '@chromatune/contracts';
import { optimizerSlots } from '../training/optimizer-slots.js';
import { type LayerPlan, ownTensors, type ResidualPlan, sizeOf, transposedKernel } from './layer-plan.js';
import { planNetwork } from './network-plan.js';

/** Height, width, channels of one image. */
export type ImageShape = [height: number, width: number, channels: number];

export interface LayerDescription {
  name: string;
  kind: Exclude<LayerPlan['kind'], 'residual'> | 'addition' | 'softmax';
  /** Stage of the encoder, or head; the softmax of a head belongs to it. */
  part: string;
  isFrozen: boolean;
  input: ImageShape;
  output: ImageShape;
  parameters: number;
  /** Numbers of its moving statistics. */
  statistics: number;
  /** Multiply-adds of an image's forward pass: those of convolutions alone. */
  macs: number;
  /** What the forward pass leaves to the backward pass, bytes of an image. */
  activationBytes: number;
}

/**
 * What a network is made of and costs, worked out from its shapes alone. Activations, for an image: every output is kept as
 * float32, that of the loss's softmax too, but a ReLU works in place unless it is what a head puts out, and of frozen stages
 * only what they hand on is kept.
 */
export interface NetworkDescription {
  imageSize: number;
  /** Images computed at once. */
  batch: number;
  layers: LayerDescription[];
  parameters: number;
  trainableParameters: number;
  statistics: number;
  /** Of an image's forward pass. */
  macs: number;
  /** Of an image. */
  activationBytes: number;
  /** What comes into a layer of the frozen stages and what it puts out, of the largest, bytes of an image; 0 without. */
  frozenBytes: number;
  memory: MemoryDescription;
}

/** Bytes of a training step. Workspace of the operations and the loss's own tensors come on top. */
export interface MemoryDescription {
  /** Parameters and moving statistics. */
  weights: number;
  gradients: number;
  /** The optimizer's own numbers for each parameter that it changes, and a moving average of the weights. */
  optimizer: number;
  /** Of the whole batch. */
  activations: number;
}

export type DescribedRecipe = Pick<
  Recipe,
  'model' | 'loss' | 'optimizer' | 'batchSize' | 'microBatch' | 'averageDecay'
>;

/**
 * Describes the network of a recipe at its image size, without TensorFlow.js and without allocating anything.
 * @param options.batch images computed at once; left out, those of the recipe
 * @throws DomainError when the network's parts do not fit the recipe's image size
 */
export function describeNetwork(
  recipe: DescribedRecipe,
  options: { batch?: number } = {},
): NetworkDescription {
  const { imageSize } = recipe.model;
  const batch = options.batch ?? Math.min(recipe.microBatch || recipe.batchSize, recipe.batchSize);
  const layers = describeLayers(recipe);
  const total = (of: (layer: LayerDescription) => number) =>
    layers.reduce((sum, layer) => sum + of(layer), 0);

  const parameters = total((layer) => layer.parameters);
  const trainableParameters = total((layer) => (layer.isFrozen ? 0 : layer.parameters));
  const statistics = total((layer) => layer.statistics);
  const activationBytes = total((layer) => layer.activationBytes);
  return {
    imageSize,
    batch,
    layers,
    parameters,
    trainableParameters,
    statistics,
    macs: total((layer) => layer.macs),
    activationBytes,
    frozenBytes: Math.max(0, ...layers.filter(({ isFrozen }) => isFrozen).map(passedBytes)),
    memory: {
      weights: bytesOfFloat * (parameters + statistics),
      gradients: bytesOfFloat * trainableParameters,
      optimizer: bytesOfFloat * optimizerNumbers(recipe) * trainableParameters,
      activations: batch * activationBytes,
    },
  };
}

export const bytesOfFloat = 4;

const passedBytes = ({ input, output }: LayerDescription): number =>
  bytesOfFloat * (sizeOf(input) + sizeOf(output));

/** Numbers beside each trained parameter. */
const optimizerNumbers = ({ optimizer, averageDecay }: DescribedRecipe): number =>
  optimizerSlots[optimizer.type].length + (averageDecay > 0 ? 1 : 0);

function describeLayers(recipe: DescribedRecipe): LayerDescription[] {
  const { encoder, heads } = planNetwork(recipe);
  const layers: LayerDescription[] = [];
  let features: ImageShape = [recipe.model.imageSize, recipe.model.imageSize, 1];
  for (const { name, layers: plans, isFrozen } of encoder.stages) {
    const stage = walk(plans, features, { part: name, isFrozen });
    layers.push(...stage);
    features = stage.at(-1)!.output;
  }
  keepOutput(layers.findLast(({ isFrozen }) => isFrozen));
  for (const head of heads) {
    const place = { part: head.name, isFrozen: false };
    const described = walk(head.layers, features, place);
    const last = described.at(-1)!;
    keepOutput(last);
    layers.push(...described);
    if (head.output === 'logits')
      layers.push(withoutNumbers('softmax', `${head.name}/softmax`, last.output, place));
  }
  return layers;
}

function keepOutput(layer: LayerDescription | undefined): void {
  if (layer) layer.activationBytes = bytesOfFloat * sizeOf(layer.output);
}

type Place = Pick<LayerDescription, 'part' | 'isFrozen'>;

function walk(plans: readonly LayerPlan[], input: ImageShape, place: Place): LayerDescription[] {
  const described: LayerDescription[] = [];
  let shape = input;
  for (const plan of plans) {
    described.push(
      ...(plan.kind === 'residual'
        ? describeResidual(plan, shape, place)
        : [describeLayer(plan, shape, place)]),
    );
    shape = described.at(-1)!.output;
  }
  return described;
}

function describeResidual(
  { name, main, shortcut }: ResidualPlan,
  input: ImageShape,
  place: Place,
): LayerDescription[] {
  const inside = [...walk(main, input, place), ...walk(shortcut, input, place)];
  const output = inside.at(-1)!.output; // main and shortcut end alike
  return [...inside, withoutNumbers('addition', name, output, place)];
}

/** A layer that only keeps what it puts out, of the shape that comes in. */
const withoutNumbers = (
  kind: LayerDescription['kind'],
  name: string,
  shape: ImageShape,
  place: Place,
): LayerDescription => ({
  ...place,
  name,
  kind,
  input: shape,
  output: shape,
  parameters: 0,
  statistics: 0,
  macs: 0,
  activationBytes: place.isFrozen ? 0 : bytesOfFloat * sizeOf(shape),
});

function describeLayer(
  plan: Exclude<LayerPlan, ResidualPlan>,
  input: ImageShape,
  place: Place,
): LayerDescription {
  const output = outputOf(plan, input);
  const numbers = (role: 'parameter' | 'statistic') =>
    ownTensors(plan)
      .filter((tensor) => tensor.role === role)
      .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const isKept = !place.isFrozen && plan.kind !== 'relu';
  return {
    ...place,
    name: plan.name,
    kind: plan.kind,
    input,
    output,
    parameters: numbers('parameter'),
    statistics: numbers('statistic'),
    macs: macsOf(plan, input, output),
    activationBytes: isKept ? bytesOfFloat * sizeOf(output) : 0,
  };
}

function outputOf(plan: Exclude<LayerPlan, ResidualPlan>, [height, width, channels]: ImageShape): ImageShape {
  switch (plan.kind) {
    case 'convolution': // padded by half the kernel, odd sides round up
      return [Math.ceil(height / plan.stride), Math.ceil(width / plan.stride), plan.to];
    case 'max pool':
      return plan.window === 3
        ? [Math.ceil(height / 2), Math.ceil(width / 2), channels]
        : [Math.floor(height / 2), Math.floor(width / 2), channels];
    case 'nearest upsampling':
    case 'bilinear upsampling':
    case 'transposed convolution':
      return [2 * height, 2 * width, channels];
    case 'normalise input':
      return [height, width, 3];
    case 'batch norm':
    case 'relu':
    case 'sigmoid':
    case 'tanh':
      return [height, width, channels];
  }
}

function macsOf(plan: LayerPlan, input: ImageShape, output: ImageShape): number {
  if (plan.kind === 'convolution') return plan.kernel ** 2 * plan.from * sizeOf(output);
  if (plan.kind === 'transposed convolution') return transposedKernel ** 2 * plan.channels * sizeOf(input);
  return 0;
}
