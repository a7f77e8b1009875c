import { psnrOfImage } from '@chromatune/contracts/psnr';
import { describe, expect, test } from 'vitest';
import { aucWeights } from './auc.js';
import { ColorMeter } from './color-meter.js';
import { imageMeasurer, type PaintedImage } from './image-measures.js';

const size = 24;

describe('a colour meter', () => {
  test('agrees with scikit-image 0.26 and NumPy on three images', () => {
    const meter = new ColorMeter();
    for (const number of [1, 2, 3]) meter.add(measure(someImage(number)));

    const expected = {
      abRmse: 11.3273942,
      psnr: 20.0134942,
      psnrPooled: 19.5476554,
      ssim: 0.8982732,
      deltaE76: 20.7827894,
      deltaE2000: 9.7754422,
      auc: 0.9040297,
      aucRebalanced: 0.8974636,
      colorfulnessGap: 27.3537833,
      colorfulnessGapOfMeans: 18.2649155,
      colorfulnessGapUnsigned: 16.5364078,
      saturationRatio: 0.6654463,
    };
    const metrics = meter.read();
    expect(Object.keys(metrics).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) {
      expect([name, metrics[name as keyof typeof metrics]]).toEqual([name, expect.closeTo(value, 6)]);
    }
  });

  test('gives the best values when every colour is right', () => {
    const meter = new ColorMeter();
    const { truthAb, truthRgb } = someImage(1);
    const predictedAb = Float32Array.from(truthAb, (byte) => byte - 128);
    meter.add(measure({ truthAb, predictedAb, truthRgb, predictedRgb: truthRgb }));

    expect(meter.read()).toEqual({
      abRmse: 0,
      psnr: psnrOfImage(0, 3 * size ** 2),
      psnrPooled: expect.closeTo(psnrOfImage(0, 3 * size ** 2), 12),
      ssim: expect.closeTo(1, 12),
      deltaE76: 0,
      deltaE2000: 0,
      auc: 1,
      aucRebalanced: expect.closeTo(1, 12),
      colorfulnessGap: 0,
      colorfulnessGapOfMeans: 0,
      colorfulnessGapUnsigned: 0,
      saturationRatio: expect.closeTo(1, 12),
    });
  });

  test('gives a mean PSNR beside an equal image, which counts as if one byte were off', () => {
    const { truthAb, predictedAb, truthRgb } = someImage(1);
    const oneOff = Uint8Array.from(truthRgb, (byte, at) => (at === 7 ? byte ^ 1 : byte));
    const [equal, nearly, other] = [
      measure({ truthAb, predictedAb, truthRgb, predictedRgb: truthRgb }),
      measure({ truthAb, predictedAb, truthRgb, predictedRgb: oneOff }),
      measure(someImage(2)),
    ];
    const metricsOf = (images: Float64Array[]) => {
      const meter = new ColorMeter();
      for (const image of images) meter.add(image);
      return meter.read();
    };
    const psnrOf = (...images: Float64Array[]) => metricsOf(images).psnr;
    const pooledOf = (...images: Float64Array[]) => metricsOf(images).psnrPooled;

    expect(psnrOf(equal)).toBe(psnrOf(nearly));
    expect(pooledOf(equal, equal)).toBeCloseTo(pooledOf(equal, nearly), 12);
    expect(psnrOf(equal, other)).toBeCloseTo((psnrOf(nearly) + psnrOf(other)) / 2, 12);
  });

  test('shows in every metric that a single predicted colour is not a number', () => {
    const meter = new ColorMeter();
    const { l, truthAb, predictedAb } = { l: new Uint8Array(size ** 2).fill(100), ...someImage(1) };
    meter.add(imageMeasurer(size, aucWeights(someCounts())).measure({ l, truthAb, predictedAb }));
    expect(Object.values(meter.read()).filter(Number.isNaN)).toEqual([]);

    predictedAb[7] = Number.NaN;
    meter.add(imageMeasurer(size, aucWeights(someCounts())).measure({ l, truthAb, predictedAb }));

    expect(Object.entries(meter.read()).filter(([, value]) => !Number.isNaN(value))).toEqual([]);
  });

  test('refuses images of another size, and sizes that the window of SSIM does not fit into', () => {
    const weights = new Float64Array(65_536);

    expect(() => imageMeasurer(32, weights).measurePainted(someImage(1))).toThrow('32 x 32');
    expect(() => imageMeasurer(10, weights)).toThrow('11 pixels');
  });
});

const { measurePainted: measure } = imageMeasurer(size, aucWeights(someCounts()));

/** A pattern of squares and products: no photograph, but every colour range occurs. */
function someImage(number: number): PaintedImage {
  const [truthAb, predictedAb, truthRgb, predictedRgb]: number[][] = [[], [], [], []];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = (a: number, b: number, c: number, modulus: number) =>
        (a * x * x + b * y * y + c * x * y + number * 37) % modulus;
      const [a, b] = [at(1, 2, 1, 77), at(2, 1, 3, 130)];
      truthAb!.push(90 + a, 60 + b);
      predictedAb!.push(a * 0.8 - 30 + number, b * 0.6 - 40);
      const rgb = [at(3, 1, 2, 256), at(1, 1, 5, 256), at(2, 3, 1, 200)];
      const changes = [at(1, 2, 3, 61) - 30, at(2, 2, 1, 45) - 10, at(5, 1, 1, 99) - 60];
      truthRgb!.push(...rgb);
      predictedRgb!.push(
        ...(number === 3 ? rgb.map(fade) : rgb.map((value, c) => clip(value + changes[c]!))),
      );
    }
  }
  return {
    truthAb: Uint8Array.from(truthAb!),
    predictedAb: Float32Array.from(predictedAb!),
    truthRgb: Uint8Array.from(truthRgb!),
    predictedRgb: Uint8Array.from(predictedRgb!),
  };
}

const fade = (value: number) => Math.floor((value + 128) / 2);
const clip = (value: number) => Math.min(255, Math.max(0, value));

/** Counts of colours in a training split that has none with a below -28, though the images do. */
function someCounts(): Float64Array {
  return Float64Array.from({ length: 65_536 }, (_, color) => {
    const [a8, b8] = [color >> 8, color & 255];
    return a8 >= 100 ? (a8 + 2 * b8) % 5 : 0;
  });
}
