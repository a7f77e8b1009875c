import { lab8ToSrgb, labToSrgb, srgbToLab, srgbToLab8 } from '@chromatune/data';
import { binCenters, labToSrgbTensor, srgbToLabTensor } from '@chromatune/models';
import * as tf from '@tensorflow/tfjs';
import { type Comparison, compareTensors, type Item } from '../comparison.js';
import { type ColorCase, readFixtures } from '../fixtures.js';
import { hashIntegers, hashValues } from '../hash-fill.js';

const colors = 4096;

/** Conversions of many colours, and the centres of the colour bins. */
export const colorItems = (): Item[] => readFixtures('colors').flatMap(itemsOf);

function itemsOf(one: ColorCase): Item[] {
  const { what, tensor } = one;
  const item = (item: string, source: string, bound: number, values: () => ArrayLike<number>): Item => ({
    item,
    source,
    bound,
    tested: 'always',
    compute: async (): Promise<Comparison> => compareTensors([tensor], new Map([['values', values]])),
  });
  switch (what) {
    case 'sRGB to Lab':
      return [
        item(`${what}, arrays`, 'scikit-image', 1e-6, () => interleaved(srgbToLab(hashBytes('rgb'), colors))),
        item(`${what}, tensors`, 'scikit-image', 1e-5, () => tensorResult(srgbToLabTensor, scaledRgb())),
      ];
    case 'Lab to sRGB':
      return [
        item(`${what}, arrays`, 'scikit-image', oneLevel, () => labToSrgb(...separated(hashLab()), colors)),
        item(`${what}, tensors`, 'scikit-image', oneLevel, () =>
          tensorResult(labToSrgbTensor, hashLab()).map((value) => value * 255),
        ),
      ];
    case '8-bit sRGB to Lab':
      return [item(what, 'OpenCV', oneLevel, () => interleaved(srgbToLab8(hashBytes('rgb'), colors)))];
    case '8-bit Lab to sRGB':
      return [
        item(what, 'scikit-image', oneLevel, () => lab8ToSrgb(...separatedBytes(hashBytes('lab8')), colors)),
      ];
    default:
      return [
        item(`${what} bins of ${one.grid}`, 'scikit-image', 1e-8, () => {
          const { a, b } = binCenters(one.grid!, what);
          return Array.from(a).flatMap((each, bin) => [each, b[bin]!]);
        }),
      ];
  }
}

/** One level of 8 bits: the largest values are 240 and more. Where a value lies between two, either may be right. */
const oneLevel = 1 / 240;

const hashBytes = (name: string): Uint8Array => Uint8Array.from(hashIntegers(name, colors * 3, 256));

const scaledRgb = (): Float32Array => Float32Array.from(hashBytes('rgb'), (value) => value / 255);

/** L = 50 + 50 u, a and b = 110 u: mostly colours that sRGB does not have. */
const hashLab = (): Float32Array =>
  hashValues('lab', colors * 3).map((u, index) => (index % 3 === 0 ? 50 + 50 * u : 110 * u));

function tensorResult(convert: (colors: tf.Tensor) => tf.Tensor, values: Float32Array): Float32Array {
  return tf.tidy(() => convert(tf.tensor2d(values, [colors, 3])).dataSync<'float32'>());
}

const interleaved = ({ l, ab }: { l: ArrayLike<number>; ab: ArrayLike<number> }): number[] =>
  Array.from(l).flatMap((lightness, pixel) => [lightness, ab[2 * pixel]!, ab[2 * pixel + 1]!]);

const separated = (lab: Float32Array): [Float32Array, Float32Array] => [
  lab.filter((_, index) => index % 3 === 0),
  lab.filter((_, index) => index % 3 !== 0),
];

const separatedBytes = (lab: Uint8Array): [Uint8Array, Uint8Array] => [
  lab.filter((_, index) => index % 3 === 0),
  lab.filter((_, index) => index % 3 !== 0),
];
