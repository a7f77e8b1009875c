import * as tf from '@tensorflow/tfjs';
import { feet, rgbToXyz, white, xyzToRgb } from './lab.js';

/**
 * sRGB to Lab, as tensor ops: [..., 3] with R, G, B from 0 to 1 to [..., 3] with L from 0 to 100, a and b in ab units.
 * Equals the array form to float32's 1e-3 in ab. Only forward: the gradient at the feet of the curves is not looked after.
 */
export function srgbToLabTensor(rgb: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const light = choose(
      tf.greater(rgb, feet.encoded),
      power(tf.div(tf.add(rgb, 0.055), 1.055), 2.4),
      tf.div(rgb, 12.92),
    );
    const xyz = multiply(
      rgbToXyz.map((row, axis) => row.map((value) => value / white[axis]!)),
      light,
    );
    const curved = choose(
      tf.greater(xyz, feet.light),
      power(xyz, 1 / 3),
      tf.add(tf.mul(xyz, 7.787), 16 / 116),
    );
    return tf.add(multiply(curveToLab, curved), tf.tensor1d([-16, 0, 0]));
  });
}

/**
 * Lab to sRGB, as tensor ops: [..., 3] with L, a, b to [..., 3] with R, G, B from 0 to 1. A colour that sRGB does not have
 * is clipped as in libs/data: f(Z) below 0 counts as 0, then each channel is cut to 0 to 1.
 */
export function labToSrgbTensor(lab: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const curved = multiply(labToCurve, tf.add(lab, tf.tensor1d([16, 0, 0])));
    const [x, y, z] = tf.split(curved, 3, -1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const t = tf.concat([x, y, tf.relu(z)], -1);
    const light = choose(
      tf.greater(t, feet.root),
      tf.mul(t, tf.square(t)),
      tf.div(tf.sub(t, 16 / 116), 7.787),
    );
    const rgb = multiply(xyzToRgb, tf.mul(light, tf.tensor1d([...white])));
    const encoded = choose(
      tf.greater(rgb, feet.linear),
      tf.sub(tf.mul(power(rgb, 1 / 2.4), 1.055), 0.055),
      tf.mul(rgb, 12.92),
    );
    return tf.clipByValue(encoded, 0, 1);
  });
}

/** L + 16, a and b of f(X), f(Y), f(Z). */
const curveToLab = [
  [0, 116, 0],
  [500, -500, 0],
  [0, 200, -200],
];
/** f(X), f(Y), f(Z) of L + 16, a and b. */
const labToCurve = [
  [1 / 116, 1 / 500, 0],
  [1 / 116, 0, 0],
  [1 / 116, 0, -1 / 200],
];

/** The matrix times each vector along the last axis. */
function multiply(matrix: readonly (readonly number[])[], vectors: tf.Tensor): tf.Tensor {
  const rows = tf.tensor2d(matrix.map((row) => [...row]));
  return tf.matMul(vectors.reshape([-1, 3]), rows, false, true).reshape(vectors.shape);
}

/** Of a negative base, which only the branch that is not chosen has, 0: NaN would survive some engines' `where`. */
const power = (base: tf.Tensor, exponent: number) => tf.pow(tf.relu(base), exponent);

const choose = (condition: tf.Tensor, yes: tf.Tensor, no: tf.Tensor) => tf.where(condition, yes, no);
