import * as tf from '@tensorflow/tfjs';
import { feet, rgbToXyz, white, xyzToRgb } from './lab.js';

/** Three planes of equal shape: R, G, B, or L, a, b. */
export type Planes = [tf.Tensor, tf.Tensor, tf.Tensor];

/**
 * sRGB to Lab, as tensor ops: [..., 3] with R, G, B from 0 to 1 to [..., 3] with L from 0 to 100, a and b in ab units.
 * Equals the array form to float32's 1e-4. Only forward: the gradient at the feet of the curves is not looked after.
 */
export const srgbToLabTensor = (rgb: tf.Tensor): tf.Tensor => ofLastAxis(labPlanes, rgb);

/**
 * Lab to sRGB, as tensor ops: [..., 3] with L, a, b to [..., 3] with R, G, B from 0 to 1. A colour that sRGB does not have
 * is clipped as in libs/data: f(Z) below 0 counts as 0, then each channel is cut to 0 to 1.
 */
export const labToSrgbTensor = (lab: tf.Tensor): tf.Tensor => ofLastAxis(srgbPlanes, lab);

/** As `srgbToLabTensor`, of planes. */
export function labPlanes(rgb: Planes): Planes {
  const [r, g, b] = rgb.map(toLinear) as Planes;
  const [x, y, z] = rgbToXyz.map((row, axis) =>
    toCurve(
      weigh(
        row.map((value) => value / white[axis]!),
        [r, g, b],
      ),
    ),
  ) as Planes;
  return [tf.sub(tf.mul(y, 116), 16), tf.mul(tf.sub(x, y), 500), tf.mul(tf.sub(y, z), 200)];
}

/** As `labToSrgbTensor`, of planes. */
export function srgbPlanes([l, a, b]: Planes): Planes {
  const y = tf.div(tf.add(l, 16), 116);
  const curved: Planes = [tf.add(y, tf.div(a, 500)), y, tf.relu(tf.sub(y, tf.div(b, 200)))];
  const xyz = curved.map((plane, axis) => tf.mul(fromCurve(plane), white[axis]!)) as Planes;
  return xyzToRgb.map((row) => tf.clipByValue(fromLinear(weigh(row, xyz)), 0, 1)) as Planes;
}

function ofLastAxis(convert: (planes: Planes) => Planes, colors: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.stack(convert(tf.unstack(colors, -1) as Planes), -1));
}

/** By single operations, not as a matrix: on GPUs a product of matrices may be computed in TF32, with three digits. */
const weigh = (weights: readonly number[], planes: Planes): tf.Tensor =>
  tf.tidy(() => {
    const [first, second, third] = planes.map((plane, index) => tf.mul(plane, weights[index]!)) as Planes;
    return tf.add(tf.add(first, second), third);
  });

const toLinear = (c: tf.Tensor) =>
  curve(
    c,
    feet.encoded,
    (x) => power(tf.div(tf.add(x, 0.055), 1.055), 2.4),
    (x) => tf.div(x, 12.92),
  );

const fromLinear = (c: tf.Tensor) =>
  curve(
    c,
    feet.linear,
    (x) => tf.sub(tf.mul(power(x, 1 / 2.4), 1.055), 0.055),
    (x) => tf.mul(x, 12.92),
  );

const toCurve = (t: tf.Tensor) =>
  curve(
    t,
    feet.light,
    (x) => power(x, 1 / 3),
    (x) => tf.add(tf.mul(x, 7.787), 16 / 116),
  );

const fromCurve = (t: tf.Tensor) =>
  curve(
    t,
    feet.root,
    (x) => tf.mul(x, tf.square(x)),
    (x) => tf.div(tf.sub(x, 16 / 116), 7.787),
  );

type Unary = (x: tf.Tensor) => tf.Tensor;

const curve = (x: tf.Tensor, foot: number, above: Unary, below: Unary): tf.Tensor =>
  tf.tidy(() => tf.where(tf.greater(x, foot), above(x), below(x)));

/** Of a negative base, which only the branch that is not chosen has, 0: NaN would survive some engines' `where`. */
const power = (base: tf.Tensor, exponent: number) => tf.pow(tf.relu(base), exponent);
