/** Sum of the CIE 1976 differences, the distances, of Lab colours: L, a, b one after another in both arrays. */
export function sumDeltaE76(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < one.length; at += 3) {
    const l = one[at]! - other[at]!;
    const a = one[at + 1]! - other[at + 1]!;
    const b = one[at + 2]! - other[at + 2]!;
    sum += Math.sqrt(l * l + a * a + b * b);
  }
  return sum;
}

/**
 * Sum of the CIEDE2000 differences of Lab colours (L, a, b one after another in both arrays) with kL = kC = kH = 1, after
 * G. Sharma, W. Wu, E. N. Dalal, "The CIEDE2000 Color-Difference Formula: Implementation Notes, Supplementary Test Data, and
 * Mathematical Observations", 2005.
 *
 * It is computed for every pixel of every epoch, so no angle is: the mean hue is the direction of the sum of both hues' unit
 * vectors, and what depends on it is looked up. Off by less than 5e-5 a colour.
 */
export function sumDeltaE2000(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < one.length; at += 3) {
    const b1 = one[at + 2]!;
    const b2 = other[at + 2]!;
    const stretch = stretchOfA(one[at + 1]!, b1, other[at + 1]!, b2);
    const x1 = one[at + 1]! * stretch;
    const x2 = other[at + 1]! * stretch;
    const c1 = Math.sqrt(x1 * x1 + b1 * b1);
    const c2 = Math.sqrt(x2 * x2 + b2 * b2);
    const chroma = (c1 + c2) / 2;

    const place = placeOfMeanHue(x1, b1, c1, x2, b2, c2);
    const index = place | 0;
    const share = place - index;
    const weight = hueWeights[index]! + share * (hueWeights[index + 1]! - hueWeights[index]!);
    const turn = rotations[index]! + share * (rotations[index + 1]! - rotations[index]!);

    const middle = (one[at]! + other[at]!) / 2 - 50;
    const l = (other[at]! - one[at]!) / (1 + (0.015 * middle * middle) / Math.sqrt(20 + middle * middle));
    const c = (c2 - c1) / (1 + 0.045 * chroma);
    const h = hueDifference(x1, b1, c1, x2, b2, c2) / (1 + 0.015 * chroma * weight);
    sum += Math.sqrt(l * l + c * c + h * h - 2 * chromaWeight(chroma) * turn * c * h);
  }
  return sum;
}

/** 1 + G, by which a is stretched. */
const stretchOfA = (a1: number, b1: number, a2: number, b2: number) =>
  1.5 - 0.5 * chromaWeight((Math.sqrt(a1 * a1 + b1 * b1) + Math.sqrt(a2 * a2 + b2 * b2)) / 2);

/** ΔH = 2 sqrt(c1 c2) sin(Δh / 2): its square is what the distance has beyond Δc, its sign that of the cross product. */
function hueDifference(x1: number, b1: number, c1: number, x2: number, b2: number, c2: number): number {
  const x = x1 - x2;
  const b = b1 - b2;
  const c = c1 - c2;
  const squared = x * x + b * b - c * c;
  const length = squared > 0 ? Math.sqrt(squared) : 0;
  return x1 * b2 < x2 * b1 ? -length : length;
}

/** Where the tables of hue have the mean of two hues. Without chroma a colour has no hue, and the other's counts. */
function placeOfMeanHue(x1: number, b1: number, c1: number, x2: number, b2: number, c2: number): number {
  if (c1 === 0 || c2 === 0) return placeOfHue(x1 + x2, b1 + b2);
  const x = c2 * x1 + c1 * x2;
  const y = c2 * b1 + c1 * b2;
  if (x !== 0 || y !== 0) return placeOfHue(x, y);
  // Opposite hues: the mean of two angles of 0 to 360° is a quarter turn on from the lower one.
  return b1 > 0 || (b1 === 0 && x1 > 0) ? placeOfHue(-b1, x1) : placeOfHue(b1, -x1);
}

/** sqrt(C⁷ / (C⁷ + 25⁷)): 0 for grey, towards 1 for strong colours. By interpolation, off by less than 1e-5. */
function chromaWeight(chroma: number): number {
  const place = chroma * partsOfUnit;
  if (!(place < chromaWeights.length - 1)) return chroma > 0 ? 1 : chroma;
  const index = place | 0;
  return chromaWeights[index]! + (place - index) * (chromaWeights[index + 1]! - chromaWeights[index]!);
}

const partsOfUnit = 16;
const chromaWeights = Float64Array.from({ length: 256 * partsOfUnit + 1 }, (_, index) => {
  const seventh = (index / partsOfUnit) ** 7;
  return Math.sqrt(seventh / (seventh + 25 ** 7));
});

const radian = Math.PI / 180;
const quarter = 4096;

/** Where the tables of hue have the direction (x, y): it grows with the angle, by `quarter` a quarter turn. 0 for (0, 0). */
function placeOfHue(x: number, y: number): number {
  const length = Math.abs(x) + Math.abs(y);
  if (length === 0) return 0;
  const along = (quarter * x) / length;
  return y >= 0 ? quarter - along : 3 * quarter + along;
}

/** The factor T of the weighting function of hue, and sin(2Δθ) of the rotation term of blue, by place. */
const hueWeights = tableOfHue((hue) => {
  const cosine = (degrees: number) => Math.cos(degrees * radian);
  return (
    1 -
    0.17 * cosine(hue - 30) +
    0.24 * cosine(2 * hue) +
    0.32 * cosine(3 * hue + 6) -
    0.2 * cosine(4 * hue - 63)
  );
});
const rotations = tableOfHue((hue) => Math.sin(60 * Math.exp(-(((hue - 275) / 25) ** 2)) * radian));

/** Values of a function of hue, 0 to 360°, at every place and one beyond. */
function tableOfHue(valueOf: (degrees: number) => number): Float64Array {
  return Float64Array.from({ length: 4 * quarter + 2 }, (_, place) => {
    const isUpper = place <= 2 * quarter;
    const x = isUpper ? 1 - place / quarter : Math.min(1, place / quarter - 3);
    const hue = Math.acos(x / Math.hypot(x, 1 - Math.abs(x))) / radian;
    return valueOf(isUpper ? hue : 360 - hue);
  });
}
