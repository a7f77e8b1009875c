import { stream } from '@chromatune/random';
import { describe, expect, test } from 'vitest';
import { deltaE2000, deltaE76 } from './picture-kernel.js';

type Lab = [l: number, a: number, b: number];

/** Table 1 of Sharma, Wu and Dalal 2005: two colours and their difference. */
const sharma: [Lab, Lab, number][] = [
  [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
  [[50, 3.1571, -77.2803], [50, 0, -82.7485], 2.8615],
  [[50, 2.8361, -74.02], [50, 0, -82.7485], 3.4412],
  [[50, -1.3802, -84.2814], [50, 0, -82.7485], 1],
  [[50, -1.1848, -84.8006], [50, 0, -82.7485], 1],
  [[50, -0.9009, -85.5211], [50, 0, -82.7485], 1],
  [[50, 0, 0], [50, -1, 2], 2.3669],
  [[50, -1, 2], [50, 0, 0], 2.3669],
  [[50, 2.49, -0.001], [50, -2.49, 0.0009], 7.1792],
  [[50, 2.49, -0.001], [50, -2.49, 0.001], 7.1792],
  [[50, 2.49, -0.001], [50, -2.49, 0.0011], 7.2195],
  [[50, 2.49, -0.001], [50, -2.49, 0.0012], 7.2195],
  [[50, -0.001, 2.49], [50, 0.0009, -2.49], 4.8045],
  [[50, -0.001, 2.49], [50, 0.001, -2.49], 4.8045],
  [[50, -0.001, 2.49], [50, 0.0011, -2.49], 4.7461],
  [[50, 2.5, 0], [50, 0, -2.5], 4.3065],
  [[50, 2.5, 0], [73, 25, -18], 27.1492],
  [[50, 2.5, 0], [61, -5, 29], 22.8977],
  [[50, 2.5, 0], [56, -27, -3], 31.903],
  [[50, 2.5, 0], [58, 24, 15], 19.4535],
  [[50, 2.5, 0], [50, 3.1736, 0.5854], 1],
  [[50, 2.5, 0], [50, 3.2972, 0], 1],
  [[50, 2.5, 0], [50, 1.8634, 0.5757], 1],
  [[50, 2.5, 0], [50, 3.2592, 0.335], 1],
  [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
  [[63.0109, -31.0961, -5.8663], [62.8187, -29.7946, -4.0864], 1.263],
  [[61.2901, 3.7196, -5.3901], [61.4292, 2.248, -4.962], 1.8731],
  [[35.0831, -44.1164, 3.7933], [35.0232, -40.0716, 1.5901], 1.8645],
  [[22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619], 2.0373],
  [[36.4612, 47.858, 18.3852], [36.2715, 50.5065, 21.2231], 1.4146],
  [[90.8027, -2.0831, 1.441], [91.1528, -1.6435, 0.0447], 1.4441],
  [[90.9257, -0.5406, -0.9208], [88.6381, -0.8985, -0.7239], 1.5381],
  [[6.7747, -0.2908, -2.4247], [5.8714, -0.0985, -2.2286], 0.6377],
  [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
];

describe('ΔE2000', () => {
  test.each(sharma)('of %j and %j is %d', (one, other, difference) => {
    expect(Math.abs(deltaE2000(one, other) - difference)).toBeLessThan(1e-4);
    expect(Math.abs(deltaE2000(other, one) - difference)).toBeLessThan(1e-4);
  });

  test('of equal colours is 0, greys included', () => {
    expect(deltaE2000([50, 20, -30], [50, 20, -30])).toBeLessThan(1e-6);
    expect(deltaE2000([50, 0, 0], [50, 0, 0])).toBe(0);
    expect(deltaE2000([50, 0, 0], [60, 0, 0])).toBeGreaterThan(5);
  });

  test('equals the formula as it is written, with angles, for colours all over Lab', () => {
    const random = stream(1, 'delta-e spec');
    const color = (): Lab => [
      100 * random.uniform(),
      220 * random.uniform() - 110,
      220 * random.uniform() - 110,
    ];
    let largest = 0;
    for (let pair = 0; pair < 20_000; pair++) {
      const [l, a, b] = color();
      const near: Lab = [l + random.uniform(), a + 8 * random.uniform(), b - 8 * random.uniform()];
      const other = pair % 2 === 0 ? near : color();
      largest = Math.max(largest, Math.abs(deltaE2000([l, a, b], other) - asWritten([l, a, b], other)));
    }

    expect(largest).toBeLessThan(5e-5);
  });

  // scikit-image 0.26, deltaE_ciede2000
  test.each([
    [[8.56, -46.19, 56.25], [11.06, -43.09, 52.05], 2.007499],
    [[58.22, -72.59, -15.54], [47.91, -60.45, 43.24], 28.330757],
    [[11.37, -17.62, 0.76], [13.87, -14.52, -3.44], 4.24767],
    [[43.06, 18.56, 43.88], [95.63, -37.42, 26.47], 55.498519],
    [[40, 20, -70], [45, -10, -60], 16.174628],
    [[40, -60, 0], [40, 30, 0], 60.871426],
    [[77.33, -84.39, 37.86], [79.83, -81.29, 33.66], 2.185742],
    [[37.42, -73.19, 28.8], [93.15, -51.67, 22.87], 46.021824],
    [[29.82, 47.22, 40.82], [32.32, 50.32, 36.62], 3.678747],
    [[21.87, 63.53, 28.24], [68.28, 61.71, -16.43], 48.257903],
    [[75.87, 72.52, -80.05], [78.37, 75.62, -84.25], 2.008727],
    [[84.98, -17.12, -6.46], [14.63, 39.21, -43.06], 75.436055],
  ] as [Lab, Lab, number][])('of %j and %j is scikit-image’s %d', (one, other, difference) => {
    expect(deltaE2000(one, other)).toBeCloseTo(difference, 4);
  });
});

test('ΔE76 is the distance in Lab', () => {
  expect(deltaE76([50, 0, 0], [52, 3, 6])).toBe(7);
});

/** Equations 2 to 22 of Sharma et al., one by one. */
function asWritten([l1, a1, b1]: Lab, [l2, a2, b2]: Lab): number {
  const radian = Math.PI / 180;
  const seventh = (c: number) => Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7));
  const g = 0.5 * (1 - seventh((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2));
  const [x1, x2] = [(1 + g) * a1, (1 + g) * a2];
  const [c1, c2] = [Math.hypot(x1, b1), Math.hypot(x2, b2)];
  const angle = (x: number, b: number) => (Math.atan2(b, x) / radian + 360) % 360;
  const [h1, h2] = [angle(x1, b1), angle(x2, b2)];

  const apart = h2 - h1;
  const dh = Math.abs(apart) <= 180 ? apart : apart > 180 ? apart - 360 : apart + 360;
  const deltaH = 2 * Math.sqrt(c1 * c2) * Math.sin((dh / 2) * radian);
  const sum = h1 + h2;
  const h = Math.abs(apart) <= 180 ? sum / 2 : sum < 360 ? (sum + 360) / 2 : (sum - 360) / 2;
  const [l, c] = [(l1 + l2) / 2, (c1 + c2) / 2];
  const cosine = (degrees: number) => Math.cos(degrees * radian);
  const t =
    1 - 0.17 * cosine(h - 30) + 0.24 * cosine(2 * h) + 0.32 * cosine(3 * h + 6) - 0.2 * cosine(4 * h - 63);
  const turn = 30 * Math.exp(-(((h - 275) / 25) ** 2));
  const rotation = -Math.sin(2 * turn * radian) * 2 * seventh(c);
  const [dl, dc] = [
    (l2 - l1) / (1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2)),
    (c2 - c1) / (1 + 0.045 * c),
  ];
  const dH = deltaH / (1 + 0.015 * c * t);
  return Math.sqrt(dl ** 2 + dc ** 2 + dH ** 2 + rotation * dc * dH);
}
