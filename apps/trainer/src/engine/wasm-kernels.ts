import * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

// The WebAssembly backend trains nothing by itself: it has no gradient for a convolution's filter (tfjs #8474) nor for
// gather (#8082). Both gradients of a convolution are convolutions again, for which it is fast.

type KernelFunc = tf.KernelConfig['kernelFunc'];

interface ConvolutionAttributes {
  strides: number | [number, number];
  pad: Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
  dataFormat: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * dW[i, j] is the sum over all pixels of x, shifted by (i, j), times dy: a convolution that takes the batch for its
 * channels and dy for its filter, dilated by the stride. x (n, h, w, in), dy (n, h', w', out) → (k, k, in, out).
 */
export const convolutionFilterGradient: KernelFunc = ({ inputs, attrs }) => {
  const { x, dy } = inputs as Record<'x' | 'dy', tf.Tensor4D>;
  const { filterShape, ...convolution } = attrs as unknown as ConvolutionAttributes & {
    filterShape: [number, number, number, number];
  };
  const info = convolutionInfo(x.shape, filterShape, convolution);
  return tf.tidy(() => {
    const { top, left } = info.padInfo;
    const height = (info.outHeight - 1) * info.strideHeight + info.filterHeight;
    const width = (info.outWidth - 1) * info.strideWidth + info.filterWidth;
    const padded = window(x, { top, left, height, width });
    const images = tf.transpose(padded, [3, 1, 2, 0]);
    const filter = tf.transpose(dy, [1, 2, 0, 3]);
    const gradient = tf.conv2d(images, filter, 1, 'valid', 'NHWC', [info.strideHeight, info.strideWidth]);
    return tf.transpose(gradient, [1, 2, 0, 3]);
  });
};

/**
 * dx is dy spread out by the stride, convolved with the filter turned by half a turn.
 * dy (n, h', w', out), filter (k, k, in, out) → (n, h, w, in).
 */
export const convolutionInputGradient: KernelFunc = ({ inputs, attrs }) => {
  const { dy, filter } = inputs as Record<'dy' | 'filter', tf.Tensor4D>;
  const { inputShape, ...convolution } = attrs as unknown as ConvolutionAttributes & {
    inputShape: [number, number, number, number];
  };
  const info = convolutionInfo(inputShape, filter.shape, convolution);
  return tf.tidy(() => {
    const spread = spreadOut(dy, info.strideHeight, info.strideWidth);
    const top = info.filterHeight - 1 - info.padInfo.top;
    const left = info.filterWidth - 1 - info.padInfo.left;
    const height = info.inHeight + info.filterHeight - 1;
    const width = info.inWidth + info.filterWidth - 1;
    const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
    return tf.conv2d(window(spread, { top, left, height, width }), turned, 1, 'valid');
  });
};

/** Row i of x is added to row segmentIds[i] of the result; ids outside it are left out, as in TensorFlow. */
export const segmentSum: KernelFunc = ({ inputs, attrs, backend }) => {
  const { x, segmentIds } = inputs as Record<'x' | 'segmentIds', tf.Tensor>;
  const segments = attrs!.numSegments as number;
  const wasm = backend as BackendWasm;
  const shape = [segments, ...x.shape.slice(segmentIds.rank)];
  const output = wasm.makeOutput(shape, x.dtype); // may move the heap: the views come after it
  const sums = wasm.typedArrayFromHeap(output).fill(0);
  const values = wasm.typedArrayFromHeap(x);
  const ids = wasm.typedArrayFromHeap(segmentIds);
  const rowSize = x.size / Math.max(1, ids.length);
  for (let row = 0; row < ids.length; row++) {
    const segment = ids[row]!;
    if (segment < 0 || segment >= segments) continue;
    for (let i = 0; i < rowSize; i++) sums[segment * rowSize + i]! += values[row * rowSize + i]!;
  }
  return output;
};

/** TensorFlow.js's own writes the bits of integers even when floats are asked for: 1 would become 1.4e-45. */
export const oneHot: KernelFunc = ({ inputs, attrs, backend }) => {
  const indices = inputs.indices as tf.Tensor;
  const { depth, onValue, offValue, dtype } = attrs as unknown as tf.OneHotAttrs;
  const wasm = backend as BackendWasm;
  const output = wasm.makeOutput([...indices.shape, depth], dtype);
  const values = wasm.typedArrayFromHeap(output).fill(offValue);
  wasm.typedArrayFromHeap(indices).forEach((index, row) => {
    if (index >= 0 && index < depth) values[row * depth + index] = onValue;
  });
  return output;
};

/** Numbers that are added one after the other. Shorter sums than that are TensorFlow.js's own, bit for bit. */
const addedAtOnce = 4096;

/**
 * TensorFlow.js's own adds all numbers to one in single precision, which loses the small ones: of the squared errors of 24
 * photographs of 128 x 128 pixels 0.16 %, of the squared gradient of four million weights 1.7 %. Here sums of `addedAtOnce`
 * numbers each are added up.
 * @param own its kernel, for what is short
 */
export function addInParts(
  kind: 'Sum' | 'Mean',
  call: Parameters<KernelFunc>[0],
  own: KernelFunc,
): ReturnType<KernelFunc> {
  const x = call.inputs.x as tf.Tensor;
  const { axis, keepDims } = call.attrs as unknown as { axis: number | number[]; keepDims: boolean };
  const axes = tf.util.parseAxisParam(axis, x.shape);
  const count = axes.reduce((product, side) => product * x.shape[side]!, 1);
  if (count <= addedAtOnce || x.dtype !== 'float32') return own(call);
  return tf.tidy(() => {
    const kept = x.shape.map((_, side) => side).filter((side) => !axes.includes(side));
    const shape = keepDims
      ? x.shape.map((size, side) => (axes.includes(side) ? 1 : size))
      : kept.map((side) => x.shape[side]!);
    const sums = sumOfRows(tf.transpose(x, [...kept, ...axes]).reshape([-1, count])).reshape(shape);
    return kind === 'Sum' ? sums : tf.div(sums, count);
  });
}

function sumOfRows(rows: tf.Tensor2D): tf.Tensor1D {
  const [height, width] = rows.shape;
  const rest = width % addedAtOnce;
  if (rest > 0) {
    const [whole, others] = tf.split(rows, [width - rest, rest], 1) as [tf.Tensor2D, tf.Tensor2D];
    return tf.add(sumOfRows(whole), tf.sum(others, 1));
  }
  const parts = tf.sum(rows.reshape([height, -1, addedAtOnce]), 2);
  return tf.sum(parts, 1); // which comes here again where there are many
}

function convolutionInfo(
  inputShape: [number, number, number, number],
  filterShape: [number, number, number, number],
  { strides, pad, dataFormat, dimRoundingMode }: ConvolutionAttributes,
) {
  if (dataFormat !== 'NHWC') throw new Error(`Gradients of a convolution need NHWC, not ${dataFormat}.`);
  return tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode);
}

interface Window {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** The part of x that begins `top` rows above it and `left` columns before it, with zeros where there is no x. */
function window(x: tf.Tensor4D, { top, left, height, width }: Window): tf.Tensor4D {
  const [rows, columns] = [x.shape[1], x.shape[2]];
  const bottom = height - top - rows;
  const right = width - left - columns;
  const cut = (border: number) => Math.max(0, -border);
  const add = (border: number) => Math.max(0, border);
  let part = x;
  if (Math.min(top, bottom, left, right) < 0) {
    const size = [-1, rows - cut(top) - cut(bottom), columns - cut(left) - cut(right), -1] as const;
    part = tf.slice4d(x, [0, cut(top), cut(left), 0], [...size]);
  }
  if (Math.max(top, bottom, left, right) <= 0) return part;
  return tf.pad4d(part, [
    [0, 0],
    [add(top), add(bottom)],
    [add(left), add(right)],
    [0, 0],
  ]);
}

/** Puts `stride - 1` zeros after every row and column. */
function spreadOut(dy: tf.Tensor4D, strideHeight: number, strideWidth: number): tf.Tensor4D {
  const [images, rows, columns, channels] = dy.shape;
  if (strideHeight === 1 && strideWidth === 1) return dy;
  const wide = tf.pad3d(tf.reshape(dy, [images * rows * columns, 1, channels]), [
    [0, 0],
    [0, strideWidth - 1],
    [0, 0],
  ]);
  const high = tf.pad3d(tf.reshape(wide, [images * rows, 1, columns * strideWidth * channels]), [
    [0, 0],
    [0, strideHeight - 1],
    [0, 0],
  ]);
  return tf.reshape(high, [images, rows * strideHeight, columns * strideWidth, channels]);
}
