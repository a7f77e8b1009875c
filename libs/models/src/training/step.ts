/** Images in OpenCV's 8-bit Lab convention, as they lie in a dataset's shards: L (n, size, size), ab (n, size, size, 2). */
export interface Batch {
  l: Uint8Array;
  ab: Uint8Array;
  images: number;
  size: number;
}

/** One named array of a run's state. Float32, so that a checkpoint holds every bit. */
export interface StateTensor {
  name: string;
  shape: number[];
  data: Float32Array;
}

/** One network in training: what a training loop needs of it, however the step is computed. */
export interface Step {
  /**
   * One optimizer step. The loss is that of the batch before the update, mean over its pixels; one that is not finite is
   * returned like any other, and the caller decides. The last batch of an epoch may be smaller than the others.
   */
  run(batch: Batch): Promise<{ loss: number }>;
  learningRate(): number;
  /** Weights, moving statistics, Adam's moments and the step count: all that `restore` needs to go on bit for bit. */
  state(): StateTensor[];
  /** @throws Error that names the tensor, when `state` is not of this network and optimizer */
  restore(state: StateTensor[]): void;
  dispose(): void;
}
