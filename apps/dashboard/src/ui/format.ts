import {
  fromMeasured,
  type Measured,
  metricCatalogue,
  type MetricName,
  type ParameterValue,
} from '@chromatune/contracts';

/** What stands where a number is not known yet. */
export const nothing = '–';

/** A metric's value with the digits that mean something, without its unit. Non-finite values are spelled out. */
export function formatMetric(metric: MetricName, value: Measured | null | undefined): string {
  if (value === null || value === undefined) return nothing;
  const number = fromMeasured(value);
  if (!Number.isFinite(number)) return Number.isNaN(number) ? 'NaN' : number > 0 ? '∞' : '−∞';
  switch (metric) {
    case 'validation/abRmse':
    case 'validation/psnr':
    case 'validation/psnrPooled':
    case 'validation/deltaE76':
    case 'validation/deltaE2000':
    case 'validation/colorfulnessGap':
    case 'validation/colorfulnessGapOfMeans':
    case 'validation/colorfulnessGapUnsigned':
    case 'validation/entropy':
      return fixed(number, 2);
    case 'validation/saturationRatio':
    case 'validation/top1':
    case 'validation/top5':
      return fixed(number, 3);
    case 'validation/ssim':
    case 'validation/lpips':
    case 'validation/auc':
    case 'validation/aucRebalanced':
      return fixed(number, 4); // methods differ in the third digit
    case 'train/learningRate':
      return scientific(number, 4);
    case 'train/imagesPerSecond':
      return number < 10 ? fixed(number, 1) : fixed(number, 0);
    case 'train/dataWait':
      return `${fixed(100 * number, 1)} %`;
    case 'system/memoryBytes':
      return formatBytes(number);
    case 'train/loss':
    case 'train/gradientNorm':
    case 'validation/loss':
    case 'validation/lossClassification':
    case 'validation/lossRegression':
      return significant(number, 4);
  }
}

/** With the unit, for single figures that stand alone. Bytes carry theirs already. */
export function formatMetricWithUnit(metric: MetricName, value: Measured | null | undefined): string {
  const unit = unitOf(metric);
  const text = formatMetric(metric, value);
  return unit && text !== nothing ? `${text} ${unit}` : text;
}

export const unitOf = (metric: MetricName): string =>
  metric === 'system/memoryBytes' ? '' : metricCatalogue[metric].unit;

/** A parameter as people write it, to four digits: learning rates as 3e-4, whole numbers in full, digests by their beginning. */
export function formatParameter(value: ParameterValue | undefined): string {
  if (/^[0-9a-f]{64}$/.test(String(value))) return shortDigest(String(value));
  const isFraction = typeof value === 'number' && !Number.isInteger(value);
  return formatParameterInFull(isFraction ? Number(value.toPrecision(4)) : value);
}

/** The same with every digit, where two runs that differ must not look the same. */
export function formatParameterInFull(value: ParameterValue | undefined): string {
  if (value === undefined) return nothing;
  if (typeof value !== 'number' || Number.isInteger(value)) return String(value);
  return Math.abs(value) < 0.01 || Math.abs(value) >= 1e6 ? scientific(value) : String(value);
}

export function formatBytes(bytes: number, digits = 3): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : significant(value, digits)} ${units[unit]}`;
}

/** Seconds as the two largest units that matter: "4 m 12 s", "2 h 03 m". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return nothing;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${two((seconds % 3600) / 60)} m`;
  return `${Math.floor(seconds / 86_400)} d ${two((seconds % 86_400) / 3600)} h`;
}

export function formatAge(instant: string | null, now: number): string {
  if (instant === null) return nothing;
  const seconds = Math.max(0, (now - Date.parse(instant)) / 1000);
  return seconds < 2 ? 'now' : `${formatDuration(seconds).replace(/ \d\d [smh]$/, '')} ago`;
}

/** An instant in local time, to the second, in a form that sorts: "2026-03-05 14:07:31". */
export function formatInstant(instant: string): string {
  const date = new Date(instant);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

/** How far a value is from another, as a signed share of that: "−18.2 %"; nothing where there is no such share. */
export function formatChange(value: number | undefined, from: number): string {
  const share = (Number(value) - from) / Math.abs(from);
  if (!Number.isFinite(share)) return '';
  const percent = fixed(Math.abs(share) * 100, 1);
  const sign = percent === '0.0' ? '±' : share > 0 ? '+' : '−'; // what is not seen to differ has no direction
  return `${sign}${percent} %`;
}

export const formatCount = (count: number): string => count.toLocaleString('en').replaceAll(',', '\u202f');

export const plural = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;

export const shortDigest = (digest: string): string => digest.slice(0, 12);

const fixed = (value: number, digits: number) => value.toFixed(digits).replace('-', '−');
const significant = (value: number, digits: number) =>
  value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 10 ** 6)
    ? scientific(value, digits)
    : value.toPrecision(digits).replace('-', '−');
/** With all digits of the value, or as many as asked for; zeros at the end are left out. */
export const scientific = (value: number, digits?: number) => {
  if (value === 0) return '0';
  const [mantissa = '', exponent = '0'] = value.toExponential(digits && digits - 1).split('e');
  const trimmed = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return `${trimmed}e${Number(exponent)}`;
};
