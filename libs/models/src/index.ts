export { type Kernels, kernels, plainKernels, setKernels } from './kernels.js';
export type { Batch, StateTensor, Step } from './step.js';
