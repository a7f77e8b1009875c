export interface Lab {
  l: number;
  a: number;
  b: number;
}

/** CIE Lab (D65, 2°) of an 8-bit sRGB colour, with the constants that images are imported with (scikit-image's). */
export function srgbToLab(red: number, green: number, blue: number): Lab {
  const [r, g, b] = [linear(red), linear(green), linear(blue)] as const;
  const x = curve((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.95047);
  const y = curve(0.212671 * r + 0.71516 * g + 0.072169 * b);
  const z = curve((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
  return { l: 116 * y - 16, a: 500 * (x - y), b: 200 * (y - z) };
}

/** The sRGB colour of a Lab one, clipped to what a screen can show, as CSS text. */
export function labToCss(l: number, a: number, b: number): string {
  const y = (l + 16) / 116;
  const x = 0.95047 * uncurve(y + a / 500);
  const z = 1.08883 * uncurve(y - b / 200);
  const v = uncurve(y);
  const rgb = [
    3.24048134 * x - 1.53715152 * v - 0.49853633 * z,
    -0.96925495 * x + 1.87599 * v + 0.04155593 * z,
    0.05564664 * x - 0.20404134 * v + 1.05731107 * z,
  ].map((value) => Math.round(255 * gamma(Math.min(1, Math.max(0, value)))));
  return `rgb(${rgb.join(' ')})`;
}

const linear = (value: number) => {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
};
const gamma = (share: number) => (share <= 0.0031308 ? 12.92 * share : 1.055 * share ** (1 / 2.4) - 0.055);
const curve = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
const uncurve = (t: number) => (t > 0.2068966 ? t ** 3 : (t - 16 / 116) / 7.787);
