import * as tf from '@tensorflow/tfjs';
import { type Loss } from '../losses/loss.js';
import { type Network } from '../networks/network.js';
import { type BatchTensors, toNetworkInput } from './batch.js';
import { type Batch, type Evaluation, type EvaluationMeasure, piecesOf } from './step.js';

export interface EvaluationTensors {
  loss: tf.Scalar;
  ab: tf.Tensor4D;
  /** Those that the loss knows. */
  measures: Partial<Record<EvaluationMeasure, tf.Scalar>>;
}

/**
 * Loss, predicted ab and measures of a batch with the moving statistics, by tensor operations alone. The caller frees the
 * results.
 */
export function evaluateTensors(network: Network, loss: Loss, { l, ab }: BatchTensors): EvaluationTensors {
  return tf.tidy(() => {
    const prediction = network.forward(toNetworkInput(l), false);
    const { classification, regression } = loss.parts(prediction, ab);
    const measures = {
      ...loss.measures(prediction, ab),
      ...(classification ? { lossClassification: classification } : {}),
      ...(regression ? { lossRegression: regression } : {}),
    };
    const evaluated = { loss: loss.value(prediction, ab), ab: loss.decode(prediction), measures };
    return evaluated as EvaluationTensors & tf.TensorContainerObject;
  });
}

/** Evaluates a batch in pieces of `microBatch` images (0: at once): each image is seen by itself, so the pieces add up. */
export async function evaluateInPieces(
  batch: Batch,
  microBatch: number,
  evaluate: (piece: Batch) => Evaluation,
): Promise<Evaluation> {
  const pieces = piecesOf(batch, microBatch);
  if (pieces.length === 1) return evaluate(batch);
  const ab = new Float32Array(batch.ab.length);
  const sums: Record<string, number> = { loss: 0 };
  for (const { batch: piece, from, share } of pieces) {
    const evaluated = evaluate(piece);
    ab.set(evaluated.ab, from * batch.size ** 2 * 2);
    for (const [name, value] of Object.entries({ ...evaluated.measures, loss: evaluated.loss })) {
      sums[name] = (sums[name] ?? 0) + value * share;
    }
  }
  const { loss, ...measures } = sums;
  return { loss: loss!, ab, measures };
}
