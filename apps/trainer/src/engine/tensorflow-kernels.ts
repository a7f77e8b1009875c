import { cellsOf, convolveByFoldedFilter, type Kernels, plainKernels } from '@chromatune/models';
import * as tf from '@tensorflow/tfjs';
import { registerCompilerKernels } from './compiler-kernels.js';
import { replaceKernel } from './replace-kernel.js';
import type { TensorFlowBackend } from './tensorflow-addon.js';

/**
 * TensorFlow's own fused operations instead of many small ones: a training step takes about two thirds of the time.
 * They go through the backend's `executeOp` like everything else, so a recorded step sees them too.
 */
export function tensorflowKernels(backend: TensorFlowBackend, { compile = false } = {}): Kernels {
  registerOnce();
  if (compile) registerCompilerKernels();
  const { TF_ATTR_TYPE, TF_FLOAT } = backend.binding;
  const floats = { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT };

  const relu = tf.customGrad((x, save) => {
    const y = backend.executeSingleOutput('Relu', [floats], [x as tf.Tensor]);
    (save as tf.GradSaveFunc)([y]);
    const gradFunc = (dy: tf.Tensor, [saved]: tf.Tensor[]) =>
      backend.executeSingleOutput('ReluGrad', [floats], [dy, saved!]);
    return { value: y, gradFunc };
  });

  return {
    batchNorm(x, gamma, beta, epsilon) {
      const outputs = tf.engine().runKernel<tf.Tensor[]>(batchNormKernel, { x, gamma, beta }, { epsilon });
      const [y, mean, variance] = outputs as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
      return { y, mean, variance };
    },
    relu: (x) => relu(x) as typeof x,
    subtractAt: backend.isUsingGpuDevice ? subtractOneHots : subtractInPlace(backend),
    // The folded one was not tried on a GPU.
    convolveUpsampled: backend.isUsingGpuDevice ? plainKernels.convolveUpsampled : convolveByFoldedFilter,
  };
}

/** In a recorded step, where nothing else wants x, it is changed in place. */
const subtractInPlace = (backend: TensorFlowBackend): Kernels['subtractAt'] => {
  const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = backend.binding;
  const types = [
    { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'Tindices', type: TF_ATTR_TYPE, value: TF_INT32 },
  ];
  return (x, columns, amounts) => {
    const cells = cellsOf(columns).reshape([-1, 2]);
    const inputs = [x, cells, amounts.flatten()];
    return backend.executeSingleOutput('TensorScatterSub', types, inputs) as tf.Tensor2D;
  };
};

/** TensorFlow's deterministic scattering leaves the GPU for the CPU and comes back; this stays there. */
const subtractOneHots: Kernels['subtractAt'] = (x, columns, amounts) =>
  columns.split(columns.shape[1], 1).reduce<tf.Tensor2D>((rest, column, k) => {
    const oneHot = tf.oneHot(column.flatten(), x.shape[1], 1, 0, 'float32');
    return tf.sub(rest, tf.mul(oneHot, tf.slice(amounts, [0, k], [-1, 1])));
  }, x);

const batchNormKernel = 'BatchNormOfBatch';
const batchNormGradientKernel = 'BatchNormOfBatchGradient';
let isRegistered = false;

function registerOnce(): void {
  if (isRegistered) return;
  isRegistered = true;
  registerBatchNorm();
  registerUpsamplingGradient();
  registerFilterGradient();
  registerGather();
}

/** As kernels of TensorFlow.js, since only a kernel may have several outputs that a tidy knows of. */
function registerBatchNorm(): void {
  tf.registerKernel({
    kernelName: batchNormKernel,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x, gamma, beta } = inputs as Record<string, tf.Tensor>;
      const tensorflow = backend as unknown as TensorFlowBackend;
      const none = tf.tensor1d([], 'float32');
      const fused = [x!, gamma!, beta!, none, none];
      const attributes = batchNormAttributes(tensorflow, attrs!.epsilon as number);
      const outputs = tensorflow.executeMultipleOutputs('FusedBatchNorm', attributes, fused, 5);
      const [y, mean, unbiased, ...reserved] = outputs;
      const count = x!.size / gamma!.size;
      const variance = tf.mul(unbiased!, (count - 1) / count);
      tf.dispose([none, unbiased!]);
      return [y!, mean!, variance, ...reserved];
    },
  });

  tf.registerGradient({
    kernelName: batchNormKernel,
    inputsToSave: ['x', 'gamma'],
    outputsToSave: [false, false, false, true, true], // what TensorFlow reserves for the gradient
    gradFunc: (dys, saved, attrs) => {
      const [x, gamma, reserved1, reserved2] = saved;
      const [dy] = dys as tf.Tensor[];
      const inputs = { dy: dy!, x: x!, gamma: gamma!, reserved1: reserved1!, reserved2: reserved2! };
      const gradients = tf.engine().runKernel<tf.Tensor[]>(batchNormGradientKernel, inputs, attrs!);
      return { x: () => gradients[0]!, gamma: () => gradients[1]!, beta: () => gradients[2]! };
    },
  });

  tf.registerKernel({
    kernelName: batchNormGradientKernel,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { dy, x, gamma, reserved1, reserved2 } = inputs as Record<string, tf.Tensor>;
      const tensorflow = backend as unknown as TensorFlowBackend;
      const attributes = batchNormAttributes(tensorflow, attrs!.epsilon as number);
      const fused = [dy!, x!, gamma!, reserved1!, reserved2!];
      const outputs = tensorflow.executeMultipleOutputs('FusedBatchNormGrad', attributes, fused, 5);
      tf.dispose(outputs.slice(3));
      return outputs.slice(0, 3);
    },
  });
}

/**
 * The gradient of enlarging by a whole factor is the sum over each pixel's copies. TensorFlow's own operation has no
 * deterministic form on GPUs, and is refused there.
 */
function registerUpsamplingGradient(): void {
  replaceKernel('ResizeNearestNeighborGrad', (call, general) => {
    const { images, dy } = call.inputs as Record<'images' | 'dy', tf.Tensor4D>;
    const factors = [dy.shape[1] / images.shape[1], dy.shape[2] / images.shape[2]] as [number, number];
    if (!factors.every(Number.isInteger) || call.attrs!.alignCorners) return general(call);
    return tf.tidy(() => tf.mul(tf.avgPool(dy, factors, factors, 'valid'), factors[0] * factors[1]));
  });
}

/**
 * oneDNN's gradient of 1 x 1 filters from 8 channels at stride 2, as narrow ResNets have them, writes beyond its memory
 * (TensorFlow 2.21 with AVX-512, pictures of 46 pixels and more: "double free or corruption"). At stride 1 it does not; the
 * pixels that such filters see are picked out first.
 */
function registerFilterGradient(): void {
  replaceKernel('Conv2DBackpropFilter', (call, general) => {
    const { x, dy } = call.inputs as Record<'x' | 'dy', tf.Tensor4D>;
    const attrs = call.attrs as unknown as tf.Conv2DBackpropFilterAttrs;
    const [height, width, from] = attrs.filterShape;
    const stride = Number([attrs.strides].flat()[0]);
    if (height !== 1 || width !== 1 || from !== 8 || stride === 1) return general(call);
    return tf.tidy(() => {
      const seen = tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, stride, stride, 1]);
      return general({ ...call, inputs: { x: seen, dy }, attrs: { ...call.attrs, strides: 1 } }) as tf.Tensor;
    });
  });
}

/**
 * TensorFlow.js's own kernel reads every index to check it, which waits for the device and cannot be recorded. On the CPU
 * TensorFlow checks them itself; on GPUs it gives zeros for an index that is out of range.
 */
function registerGather(): void {
  replaceKernel('GatherV2', ({ inputs, attrs, backend }) => {
    const { x, indices } = inputs as Record<'x' | 'indices', tf.Tensor>;
    const { axis, batchDims } = attrs as unknown as { axis: number; batchDims: number };
    const tensorflow = backend as unknown as TensorFlowBackend;
    const { TF_ATTR_INT, TF_ATTR_TYPE, TF_INT32 } = tensorflow.binding;
    const type = (name: string, value: number) => ({ name, type: TF_ATTR_TYPE, value });
    const attributes = [
      { name: 'batch_dims', type: TF_ATTR_INT, value: batchDims },
      type('Tparams', tensorflow.getDTypeInteger(x.dtype)),
      type('Tindices', tensorflow.getDTypeInteger(indices.dtype)),
      type('Taxis', TF_INT32),
    ];
    const axisTensor = tf.scalar(axis, 'int32');
    const gathered = tensorflow.executeSingleOutput('GatherV2', attributes, [x, indices, axisTensor]);
    axisTensor.dispose();
    return gathered;
  });
}

function batchNormAttributes({ binding }: TensorFlowBackend, epsilon: number) {
  return [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: epsilon },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: true },
  ];
}
