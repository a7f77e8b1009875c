import { aucWeights } from '@chromatune/models';
import { ColorMeter, type ColorMetrics, imageMeasurer } from '@chromatune/models/measures';
import { compareNumbers, type Item } from '../comparison.js';
import { readFixtures } from '../fixtures.js';
import { hashes, hashIntegers, uniform } from '../hash-fill.js';

const [images, side] = [3, 32];
const pixels = images * side ** 2;

/** Metrics of three pictures against noisy versions of themselves, as a validation measures them. */
export const metricItems = (): Item[] => {
  const measured = measure();
  return readFixtures('metrics').map(({ metric, value }) => ({
    item: metric,
    source: metric === 'ssim' || metric.startsWith('deltaE') ? 'scikit-image' : 'NumPy',
    bound: 1e-6,
    tested: 'always',
    compute: async () => compareNumbers(measured[metric as keyof ColorMetrics], value, metric),
  }));
};

/** The pictures of python/fixtures_color.py. */
function measure(): ColorMetrics {
  const truthAb = uniform('truthAb', pixels * 2).map((u) => roundHalfToEven(40 * u));
  const abNoise = uniform('abNoise', pixels * 2);
  const truthRgb = Uint8Array.from(hashIntegers('truthRgb', pixels * 3, 256));
  const rgbNoise = uniform('rgbNoise', pixels * 3);
  const all = {
    truthAb: Uint8Array.from(truthAb, (value) => value + 128),
    predictedAb: Float32Array.from(truthAb, (value, index) => value + 30 * abNoise[index]!),
    truthRgb,
    predictedRgb: Uint8ClampedArray.from(
      truthRgb,
      (value, index) => value + roundHalfToEven(20 * rgbNoise[index]!),
    ),
  };
  const counts = Float64Array.from(hashes('counts', 65_536), (hash) => hash % 7);
  const { measurePainted } = imageMeasurer(side, aucWeights(counts));
  const meter = new ColorMeter();
  for (let image = 0; image < images; image++) {
    const of = <T extends { subarray(from: number, to: number): T }>(values: T, channels: number): T =>
      values.subarray(image * side ** 2 * channels, (image + 1) * side ** 2 * channels);
    meter.add(
      measurePainted({
        truthAb: of(all.truthAb, 2),
        predictedAb: of(all.predictedAb, 2),
        truthRgb: of(all.truthRgb, 3),
        predictedRgb: Uint8Array.from(of(all.predictedRgb, 3)),
      }),
    );
  }
  return meter.read();
}

/** NumPy's rounding. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
