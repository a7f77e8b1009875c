import * as tf from '@tensorflow/tfjs';
import { replaceKernel } from './replace-kernel.js';
import type { TensorFlowBackend } from './tensorflow-addon.js';

let isRegistered = false;

/** Makes TensorFlow.js compute by other operations what XLA refuses to compile, or compiles badly. */
export function registerCompilerKernels(): void {
  if (isRegistered) return;
  isRegistered = true;
  replaceMaxPoolGradient();
  copyPixels();
}

/** XLA gathers the pixels one by one where it could copy them, and writes channels first; here it sees that they are copies. */
function copyPixels(): void {
  replaceKernel('ResizeNearestNeighbor', (call, general) => {
    const { alignCorners, size } = call.attrs as unknown as tf.ResizeNearestNeighborAttrs;
    const { images } = call.inputs as Record<'images', tf.Tensor4D>;
    const [n, height, width, channels] = images.shape;
    const [down, across] = [size[0] / height, size[1] / width];
    if (![down, across].every(Number.isInteger) || alignCorners) return general(call);
    return tf.tidy(() => {
      const pixels = images.reshape([n, height, 1, width, 1, channels]);
      const copies = tf.broadcastTo(pixels, [n, height, down, width, across, channels]);
      return copies.reshape([n, height * down, width * across, channels]);
    });
  });
}

/**
 * XLA has no deterministic gradient of max pooling. Here each place of the window takes the slopes of those windows whose
 * largest value it holds, the first one where several do, as TensorFlow's and PyTorch's gradients have it; XLA makes one
 * pass of it. For windows without padding.
 */
function replaceMaxPoolGradient(): void {
  replaceKernel('MaxPoolGrad', (call, general) => {
    const { filterSize, strides, pad } = call.attrs as unknown as tf.MaxPoolGradAttrs;
    if (pad !== 'valid') return general(call);
    const { dy, input, output } = call.inputs as Record<string, tf.Tensor4D>;
    const windows = new Windows(call.backend as unknown as TensorFlowBackend, input!, output!, strides);
    return tf.tidy(() => windows.gradient(dy!, filterSize));
  });
}

/** The windows of a pooling without padding of NHWC `input` into `output`. */
class Windows {
  private readonly strides: [number, number];

  constructor(
    private readonly backend: TensorFlowBackend,
    private readonly input: tf.Tensor4D,
    private readonly output: tf.Tensor4D,
    strides: number | [number, number],
  ) {
    this.strides = typeof strides === 'number' ? [strides, strides] : strides;
  }

  gradient(dy: tf.Tensor4D, filterSize: number | [number, number]): tf.Tensor4D {
    const [height, width] = typeof filterSize === 'number' ? [filterSize, filterSize] : filterSize;
    let rest = dy; // the slopes of windows whose largest value has not been met yet
    let gradient: tf.Tensor | null = null;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const isLargest = tf.equal(this.valuesAt(row, column), this.output);
        const slopes = this.spread(row, column, tf.where(isLargest, rest, tf.zerosLike(rest)));
        gradient = gradient === null ? slopes : tf.add(gradient, slopes);
        rest = tf.where(isLargest, tf.zerosLike(rest), rest) as tf.Tensor4D;
      }
    }
    return gradient as tf.Tensor4D;
  }

  /** What each window has at a place. */
  private valuesAt(row: number, column: number): tf.Tensor {
    const { begin, end, strides } = this.sliceAt(row, column);
    return tf.stridedSlice(this.input, begin, end, strides);
  }

  /** The opposite: what each window has at a place, where it lies in the input; zero elsewhere. */
  private spread(row: number, column: number, values: tf.Tensor): tf.Tensor4D {
    const { begin, end, strides } = this.sliceAt(row, column);
    const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = this.backend.binding;
    const types = [
      { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
      { name: 'Index', type: TF_ATTR_TYPE, value: TF_INT32 },
    ];
    const numbers = [this.input.shape, begin, end, strides].map((one) => tf.tensor1d(one, 'int32'));
    return this.backend.executeSingleOutput('StridedSliceGrad', types, [...numbers, values]) as tf.Tensor4D;
  }

  private sliceAt(row: number, column: number) {
    const [images, height, width, channels] = this.output.shape;
    const [down, across] = this.strides;
    return {
      begin: [0, row, column, 0],
      end: [images, row + (height - 1) * down + 1, column + (width - 1) * across + 1, channels],
      strides: [1, down, across, 1],
    };
  }
}
