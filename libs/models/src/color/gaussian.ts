/**
 * exp(-d² / 2σ²) of a squared distance d², in units of σ². A σ whose square underflows counts as the least number there is:
 * then only a distance of 0 has a share, and none is 0 / 0.
 */
export const gaussian = (square: number, sigma: number): number =>
  Math.exp(-square / (2 * Math.max(sigma ** 2, Number.MIN_VALUE)));
