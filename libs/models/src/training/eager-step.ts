import * as tf from '@tensorflow/tfjs';
import { type Loss } from '../losses/loss.js';
import { type Network } from '../networks/network.js';
import { batchTensors } from './batch.js';
import { evaluateInPieces, evaluateTensors, type EvaluationTensors } from './evaluate.js';
import { FlatVariables, partOfAll } from './flat-variables.js';
import { lossAndGradients, movedStatistic } from './gradients.js';
import { optimizerSlots, updateWeights } from './optimizer.js';
import { learningRateAt } from './schedule.js';
import {
  type Batch,
  type Evaluation,
  piecesOf,
  type Step,
  type StepOptions,
  type StepResult,
  type TrainingRecipe,
} from './step.js';
import { requireState, type State, stateOfParts, stepCount, stepCountName } from './state.js';

/**
 * A step computed op by op. It works on every engine, and any tensor in it can be looked at; a recorded graph is faster.
 * The step changes the network's variables; disposing it leaves the network as it is.
 */
export function createEagerStep(
  network: Network,
  loss: Loss,
  recipe: TrainingRecipe,
  options: StepOptions,
): Step {
  return new EagerStep(network, loss, recipe, options);
}

class EagerStep implements Step {
  private readonly weights: FlatVariables;
  /** Weights that never change, as part of the state. */
  private readonly frozen: FlatVariables;
  private readonly statistics: FlatVariables;
  private readonly frozenStatistics: FlatVariables;
  private slots: tf.Tensor1D[];
  private average: tf.Tensor1D | null = null;
  /** Share of the learning rate that each weight has, where they differ. */
  private readonly rateFactors: tf.Tensor1D | null;
  private stepsDone = 0;

  constructor(
    private readonly network: Network,
    private readonly loss: Loss,
    private readonly recipe: TrainingRecipe,
    private readonly options: StepOptions,
  ) {
    const { variables, trainable, statistics, movingStatistics } = network;
    this.weights = new FlatVariables(trainable);
    this.frozen = new FlatVariables(variables.filter((one) => !trainable.includes(one)));
    this.statistics = new FlatVariables(movingStatistics);
    this.frozenStatistics = new FlatVariables(statistics.filter((one) => !movingStatistics.includes(one)));
    this.slots = this.slotNames.map(() => tf.zerosLike(this.weights.flat));
    if (recipe.averageDecay > 0) this.average = this.weights.flat.clone();
    this.rateFactors = this.makeRateFactors();
  }

  // Asynchronous for the sake of engines that wait elsewhere; TensorFlow.js computes on this thread.
  async run(batch: Batch): Promise<StepResult> {
    let loss = 0;
    let gradient: tf.Tensor1D | null = null;
    for (const { batch: piece, share } of piecesOf(batch, this.recipe.microBatch)) {
      const computed = this.gradientOf(piece);
      loss += computed.loss * share;
      gradient = addShare(gradient, computed.gradient, share);
    }
    this.stepsDone++;
    const gradientNorm = readAndFree(tf.tidy(() => tf.sqrt(tf.sum(tf.square(gradient!)))))[0]!;
    tf.tidy(() => this.updateWeights(this.clipped(gradient!, gradientNorm)));
    gradient!.dispose();
    return { loss, gradientNorm };
  }

  async evaluate(batch: Batch): Promise<Evaluation> {
    return evaluateInPieces(batch, this.recipe.microBatch, (piece) =>
      this.withAverage(() => {
        const { loss, ab, measures } = tf.tidy(
          () => evaluateTensors(this.network, this.loss, batchTensors(piece)) as never,
        ) as EvaluationTensors;
        const read = Object.entries(measures).map(([name, value]) => [name, readAndFree(value)[0]!]);
        return { loss: readAndFree(loss)[0]!, ab: readAndFree(ab), measures: Object.fromEntries(read) };
      }),
    );
  }

  learningRate(): number {
    return learningRateAt(this.recipe, Math.max(1, this.stepsDone), this.options.stepsPerEpoch);
  }

  state(): State {
    const { weights, slots, average } = this;
    return stateOfParts([
      partOfAll(this.ofNetwork),
      ...this.slotNames.map((slot, index) => weights.part(slots[index]!, slot)),
      ...(average ? [weights.part(average, 'average/')] : []),
      stepCount(this.recipe.optimizer.type, this.stepsDone),
    ]);
  }

  restore(state: State): void {
    requireState(state, this.state().tensors);
    for (const group of this.ofNetwork) group.write(group.join(state));
    const slots = this.slotNames.map((slot) => this.weights.join(state, slot));
    const average = this.average && this.weights.join(state, 'average/');
    tf.dispose([...this.slots, ...(this.average ? [this.average] : [])]);
    this.slots = slots;
    this.average = average;
    this.stepsDone = state.read(stepCountName(this.recipe.optimizer.type))[0]!;
  }

  dispose(): void {
    for (const group of this.ofNetwork) group.dispose();
    tf.dispose([...this.slots, ...(this.average ? [this.average] : [])]);
    this.rateFactors?.dispose();
  }

  private get ofNetwork(): FlatVariables[] {
    return [this.weights, this.frozen, this.statistics, this.frozenStatistics];
  }

  private get slotNames(): string[] {
    const { type } = this.recipe.optimizer;
    return optimizerSlots[type].map((slot) => `${type}/${slot}/`);
  }

  private makeRateFactors(): tf.Tensor1D | null {
    const { encoderLearningRateFactor: factor } = this.recipe;
    if (factor === 1) return null;
    const factors = this.network.trainable.map(({ name, variable }) =>
      new Float32Array(variable.size).fill(name.startsWith('encoder/') ? factor : 1),
    );
    return tf.tidy(() => tf.concat1d(factors.map((part) => tf.tensor1d(part))));
  }

  /** Loss and flat gradient of a micro-batch; its statistics move at once. */
  private gradientOf(piece: Batch): { loss: number; gradient: tf.Tensor1D } {
    const [loss, gradient] = tf.tidy(() => {
      const computed = lossAndGradients(this.network, this.loss, batchTensors(piece));
      if (computed.statistics.length > 0) {
        const batch = tf.concat1d(computed.statistics);
        this.statistics.write(tf.keep(movedStatistic(this.statistics.flat, batch)));
      }
      const flat = tf.concat1d(computed.gradients.map((one) => one.flatten()));
      tf.dispose(computed.statistics);
      return [computed.loss, flat] as [tf.Scalar, tf.Tensor1D];
    });
    return { loss: readAndFree(loss)[0]!, gradient };
  }

  /** As PyTorch's `clip_grad_norm_`. */
  private clipped(gradient: tf.Tensor1D, norm: number): tf.Tensor1D {
    const { gradientClip } = this.recipe;
    return gradientClip === 0 ? gradient : tf.mul(gradient, Math.min(1, gradientClip / (norm + 1e-6)));
  }

  private updateWeights(gradient: tf.Tensor1D): void {
    const rate = this.learningRate();
    const learningRate: tf.Tensor1D | number = this.rateFactors ? tf.mul(this.rateFactors, rate) : rate;
    const before = { weights: this.weights.flat, slots: this.slots };
    const after = updateWeights(this.recipe.optimizer, before, gradient, {
      step: this.stepsDone,
      learningRate,
    });
    this.weights.write(tf.keep(after.weights));
    tf.dispose(this.slots);
    this.slots = after.slots.map((slot) => tf.keep(slot));
    this.updateAverage();
  }

  /** As PyTorch's `AveragedModel` with `get_ema_multi_avg_fn`: the first step's weights, then a share of each next. */
  private updateAverage(): void {
    if (!this.average) return;
    const share = this.stepsDone === 1 ? 1 : 1 - this.recipe.averageDecay;
    const next: tf.Tensor1D = tf.add(this.average, tf.mul(tf.sub(this.weights.flat, this.average), share));
    this.average.dispose();
    this.average = tf.keep(next);
  }

  private withAverage<T>(use: () => T): T {
    if (!this.average) return use();
    this.weights.show(this.average);
    try {
      return use();
    } finally {
      this.weights.show(this.weights.flat);
    }
  }
}

function addShare(sum: tf.Tensor1D | null, gradient: tf.Tensor1D, share: number): tf.Tensor1D {
  if (sum === null && share === 1) return gradient;
  const next: tf.Tensor1D = tf.tidy(() => {
    const part = tf.mul(gradient, share);
    return (sum ? tf.add(sum, part) : part) as tf.Tensor1D;
  });
  tf.dispose([gradient, ...(sum ? [sum] : [])]);
  return next;
}

function readAndFree(tensor: tf.Tensor): Float32Array {
  const values = tensor.dataSync<'float32'>();
  tensor.dispose();
  return values;
}
