/** 20 log10(255 / RMSE) in dB of a mean squared error of 8-bit values; Infinity when it is 0. */
export function psnrOf(meanSquaredError: number): number {
  return 10 * Math.log10((255 * 255) / meanSquaredError);
}

/**
 * PSNR of one picture of `values` 8-bit values, by the sum of their squared errors, as it enters a mean over pictures. Equal
 * pictures count as if one value were off by one, because a single infinite one would make every mean infinite.
 */
export function psnrOfImage(squaredError: number, values: number): number {
  return psnrOf(Math.max(1, squaredError) / values);
}
