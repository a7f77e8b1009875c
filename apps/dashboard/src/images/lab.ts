export interface Lab {
  l: number;
  a: number;
  b: number;
}

/** CIE Lab (D65, 2°) of an 8-bit sRGB colour, as the training sees it. */
export function srgbToLab(red: number, green: number, blue: number): Lab {
  const [r, g, b] = [linear(red), linear(green), linear(blue)] as const;
  const x = curve((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = curve(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = curve((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return { l: 116 * y - 16, a: 500 * (x - y), b: 200 * (y - z) };
}

/** The sRGB colour of a Lab one, clipped to what a screen can show, as CSS text. */
export function labToCss(l: number, a: number, b: number): string {
  const y = (l + 16) / 116;
  const x = 0.95047 * uncurve(y + a / 500);
  const z = 1.08883 * uncurve(y - b / 200);
  const v = uncurve(y);
  const rgb = [
    3.2404542 * x - 1.5371385 * v - 0.4985314 * z,
    -0.969266 * x + 1.8760108 * v + 0.041556 * z,
    0.0556434 * x - 0.2040259 * v + 1.0572252 * z,
  ].map((value) => Math.round(255 * gamma(Math.min(1, Math.max(0, value)))));
  return `rgb(${rgb.join(' ')})`;
}

const linear = (value: number) => {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
};
const gamma = (share: number) => (share <= 0.0031308 ? 12.92 * share : 1.055 * share ** (1 / 2.4) - 0.055);
const curve = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116);
const uncurve = (t: number) => (t ** 3 > 216 / 24389 ? t ** 3 : (116 * t - 16) / (24389 / 27));
