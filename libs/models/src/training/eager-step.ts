import { type Recipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { type Loss } from '../losses/loss.js';
import { sizeOf } from '../networks/declarations.js';
import { type Network } from '../networks/network.js';
import { type AdamOptions, adamUpdate } from './adam.js';
import { batchTensors, toNetworkInput } from './batch.js';
import { FlatVariables } from './flat-variables.js';
import { type Batch, type StateTensor, type Step } from './step.js';

/** PyTorch's momentum of batch norm: the share of the batch in the next moving statistic. */
const statisticsMomentum = 0.1;

/**
 * A step computed op by op. It works on every engine, and any tensor in it can be looked at; a recorded graph is faster.
 * The step changes the network's variables; disposing it leaves the network as it is.
 */
export function createStep(network: Network, loss: Loss, recipe: Pick<Recipe, 'optimizer'>): Step {
  return new EagerStep(network, loss, recipe.optimizer);
}

class EagerStep implements Step {
  private readonly weights: FlatVariables;
  private readonly statistics: FlatVariables;
  private m: tf.Tensor1D;
  private v: tf.Tensor1D;
  private stepsDone = 0;

  constructor(
    private readonly network: Network,
    private readonly loss: Loss,
    private readonly optimizer: Recipe['optimizer'],
  ) {
    this.weights = new FlatVariables(network.variables);
    this.statistics = new FlatVariables(network.statistics);
    this.m = tf.zerosLike(this.weights.flat);
    this.v = tf.zerosLike(this.weights.flat);
  }

  // Asynchronous for the sake of engines that wait elsewhere; TensorFlow.js computes on this thread.
  async run(batch: Batch): Promise<{ loss: number }> {
    const loss = tf.tidy(() => {
      const { value, gradient, statistics } = this.gradient(batch);
      this.updateWeights(gradient);
      this.updateStatistics(statistics);
      return value;
    });
    const [value] = loss.dataSync<'float32'>();
    loss.dispose();
    return { loss: value! };
  }

  learningRate(): number {
    return this.optimizer.learningRate;
  }

  state(): StateTensor[] {
    return [
      ...this.weights.read(),
      ...this.statistics.read(),
      ...this.weights.split(this.m, 'adam/m/'),
      ...this.weights.split(this.v, 'adam/v/'),
      { name: 'adam/step', shape: [1], data: Float32Array.of(this.stepsDone) },
    ];
  }

  restore(state: StateTensor[]): void {
    const tensors = new Map(state.map((tensor) => [tensor.name, tensor]));
    const expected = this.state();
    for (const { name, shape } of expected) requireTensor(tensors, name, shape);
    for (const { name } of state) {
      if (!expected.some((one) => one.name === name))
        throw new Error(`The state has an unknown tensor ${name}.`);
    }

    this.weights.write(this.weights.join(tensors));
    this.statistics.write(this.statistics.join(tensors));
    tf.dispose([this.m, this.v]);
    this.m = this.weights.join(tensors, 'adam/m/');
    this.v = this.weights.join(tensors, 'adam/v/');
    this.stepsDone = tensors.get('adam/step')!.data[0]!;
  }

  dispose(): void {
    this.weights.dispose();
    this.statistics.dispose();
    tf.dispose([this.m, this.v]);
  }

  /** Loss of the batch, its gradient in all weights, and the batch's statistics, the latter two as flat vectors. */
  private gradient(batch: Batch): { value: tf.Scalar; gradient: tf.Tensor1D; statistics: tf.Tensor1D } {
    const { l, ab } = batchTensors(batch);
    const input = toNetworkInput(l);
    const observed: tf.Tensor1D[] = [];
    const variables = this.network.variables.map(({ variable }) => variable);

    const { value, grads } = tf.variableGrads(() => {
      const prediction = this.network.forward(input, true, (mean, variance) => {
        observed.push(tf.keep(mean), tf.keep(variance));
      });
      return this.loss.value(prediction, ab);
    }, variables);

    const gradient = tf.concat1d(variables.map((variable) => grads[variable.name]!.flatten()));
    const statistics = tf.concat1d(observed);
    tf.dispose([observed, Object.values(grads)]);
    return { value, gradient, statistics };
  }

  private updateWeights(gradient: tf.Tensor1D): void {
    this.stepsDone++;
    const before = { weights: this.weights.flat, m: this.m, v: this.v };
    const after = adamUpdate(before, gradient, this.stepsDone, this.optimizer as AdamOptions);
    this.weights.write(tf.keep(after.weights));
    tf.dispose([this.m, this.v]);
    this.m = tf.keep(after.m);
    this.v = tf.keep(after.v);
  }

  private updateStatistics(batch: tf.Tensor1D): void {
    const kept = tf.mul(this.statistics.flat, 1 - statisticsMomentum);
    this.statistics.write(tf.keep(tf.add(kept, tf.mul(batch, statisticsMomentum))));
  }
}

function requireTensor(tensors: Map<string, StateTensor>, name: string, shape: number[]): void {
  const found = tensors.get(name);
  if (!found) throw new Error(`The state lacks the tensor ${name}.`);
  if (String(found.shape) !== String(shape)) {
    throw new Error(`The state's ${name} has shape [${found.shape}]; this network needs [${shape}].`);
  }
  if (found.data.length !== sizeOf(shape)) {
    throw new Error(
      `The state's ${name} has ${found.data.length} numbers; its shape holds ${sizeOf(shape)}.`,
    );
  }
}
