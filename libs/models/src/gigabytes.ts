/** A forecast of memory as people write gigabytes: "0.6 GB", "6.8 GB", "38 GB", "236 GB". */
export function gigabytesText(bytes: number): string {
  const number = bytes / 1e9;
  return `${number < 10 ? number.toPrecision(number < 1 ? 1 : 2) : Math.round(number)} GB`;
}
