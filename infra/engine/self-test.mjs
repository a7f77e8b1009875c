// Runs in a child process of its own, since a wrong library can end the process: `node self-test.mjs ADDON PACKAGE`.
// Works out a small convolution, its two gradients and a batch norm with its gradient on TensorFlow, and compares them
// with numbers worked out by hand. Prints one line of JSON: { version, usesGpu, problems }.

import { createRequire } from 'node:module';

const [addonPath, packageFolder] = process.argv.slice(2);
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
// One line that a person can read, instead of a stack.
process.on('uncaughtException', (error) => {
  console.error(error.message.split('\n')[0]);
  process.exit(1);
});

const requireFromPackage = createRequire(`${packageFolder}/package.json`);
const tf = requireFromPackage('@tensorflow/tfjs');
requireFromPackage('./dist/register_all_kernels');
const { NodeJSKernelBackend } = requireFromPackage('./dist/nodejs_kernel_backend');
const binding = requireFromPackage(addonPath);
tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node-gpu'), 3);
if (!tf.setBackend('tensorflow')) throw new Error('TensorFlow.js refused the backend.');
const backend = tf.backend();

const problems = [...checkConvolution(), ...checkBatchNorm()];
console.log(JSON.stringify({ version: binding.TF_Version, usesGpu: backend.isUsingGpuDevice, problems }));

function checkConvolution() {
  const image = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
  const filter = tf.tensor4d([1, 2, 3, 4], [2, 2, 1, 1]);
  const total = (x, w) => tf.sum(tf.conv2d(x, w, 1, 'valid'));
  const [imageGradient, filterGradient] = tf.grads(total)([image, filter]);
  return [
    ...compare('convolution', tf.conv2d(image, filter, 1, 'valid'), [37, 47, 67, 77]),
    ...compare('gradient of the image', imageGradient, [1, 3, 2, 4, 10, 6, 3, 7, 4]),
    ...compare('gradient of the filter', filterGradient, [12, 16, 24, 28]),
  ];
}

/** Mean 2.5, variance 1.25, epsilon 0.3125: the deviation is 1.25 exactly. */
function checkBatchNorm() {
  const attributes = [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: 0.3125 },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: true },
  ];
  const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
  const [scale, offset, none] = [tf.tensor1d([2]), tf.tensor1d([1]), tf.tensor1d([], 'float32')];
  const forward = backend.executeMultipleOutputs(
    'FusedBatchNorm',
    attributes,
    [x, scale, offset, none, none],
    5,
  );
  const dy = tf.tensor4d([1, 0, 0, 0], [1, 2, 2, 1]);
  const inputs = [dy, x, scale, forward[3], forward[4]];
  const backward = backend.executeMultipleOutputs('FusedBatchNormGrad', attributes, inputs, 5);
  return [
    ...compare('batch norm', forward[0], [-1.4, 0.2, 1.8, 3.4]),
    ...compare('mean', forward[1], [2.5]),
    ...compare('variance', forward[2], [5 / 3]),
    ...compare('gradient of batch norm', backward[0], [0.624, -0.592, -0.208, 0.176]),
    ...compare('gradient of the scale', backward[1], [-1.2]),
    ...compare('gradient of the offset', backward[2], [1]),
  ];
}

/** The bound leaves room for the shorter mantissas a GPU may use. */
function compare(what, tensor, expected) {
  const found = Array.from(tensor.dataSync());
  const same =
    found.length === expected.length &&
    found.every((v, i) => Math.abs(v - expected[i]) <= 2e-3 * (1 + Math.abs(v)));
  return same ? [] : [`${what} is [${found}], expected [${expected}]`];
}
