import type { MetricName } from '@chromatune/contracts';

/** Charts that a page can show: what is drawn thin (each step) and bold (each epoch) in one panel. */
export const panels = {
  abRmse: { label: 'ab RMSE', thin: null, bold: 'validation/abRmse' },
  loss: { label: 'loss', thin: 'train/loss', bold: 'validation/loss' },
  psnr: { label: 'PSNR', thin: null, bold: 'validation/psnr' },
  learningRate: { label: 'rate', thin: null, bold: 'train/learningRate' },
  imagesPerSecond: { label: 'speed', thin: null, bold: 'train/imagesPerSecond' },
  memory: { label: 'memory', thin: null, bold: 'system/memoryBytes' },
  dataWait: { label: 'data wait', thin: null, bold: 'train/dataWait' },
  gradientNorm: { label: 'gradient norm', thin: null, bold: 'train/gradientNorm' },
  psnrPooled: { label: 'pooled PSNR', thin: null, bold: 'validation/psnrPooled' },
  ssim: { label: 'SSIM', thin: null, bold: 'validation/ssim' },
  lpips: { label: 'LPIPS', thin: null, bold: 'validation/lpips' },
  deltaE76: { label: 'ΔE76', thin: null, bold: 'validation/deltaE76' },
  deltaE2000: { label: 'ΔE2000', thin: null, bold: 'validation/deltaE2000' },
  auc: { label: 'AuC', thin: null, bold: 'validation/auc' },
  aucRebalanced: { label: 'rebalanced AuC', thin: null, bold: 'validation/aucRebalanced' },
  colorfulnessGap: { label: 'colourfulness gap', thin: null, bold: 'validation/colorfulnessGap' },
  colorfulnessGapOfMeans: { label: 'gap of means', thin: null, bold: 'validation/colorfulnessGapOfMeans' },
  colorfulnessGapUnsigned: { label: 'unsigned gap', thin: null, bold: 'validation/colorfulnessGapUnsigned' },
  saturationRatio: { label: 'saturation', thin: null, bold: 'validation/saturationRatio' },
  lossClassification: { label: 'cross entropy', thin: null, bold: 'validation/lossClassification' },
  lossRegression: { label: 'error of ab', thin: null, bold: 'validation/lossRegression' },
  top1: { label: 'top-1', thin: null, bold: 'validation/top1' },
  top5: { label: 'top-5', thin: null, bold: 'validation/top5' },
  entropy: { label: 'entropy', thin: null, bold: 'validation/entropy' },
} as const satisfies Record<string, { label: string; thin: MetricName | null; bold: MetricName }>;
export type PanelName = keyof typeof panels;
export const panelNames = Object.keys(panels) as PanelName[];
/** Those that are one click away; the others are in a menu. */
export const usualPanels: readonly PanelName[] = [
  'abRmse',
  'loss',
  'psnr',
  'learningRate',
  'imagesPerSecond',
  'memory',
];

export const xAxes = ['epoch', 'step', 'time'] as const;
export type XAxis = (typeof xAxes)[number];

export const lenses = ['one', 'all', 'swipe'] as const;
export type Lens = (typeof lenses)[number];

export const tileSizes = [64, 96, 128, 192, 256] as const;

/** Everything about a view that a link has to carry. Null means "not chosen: the page decides". */
export interface ViewState {
  runs: string[] | null;
  panels: PanelName[];
  x: XAxis;
  log: boolean;
  /** Weight of the exponential moving average, 0 for none. */
  smooth: number;
  /** Shown part of the x axis, in its units. */
  zoom: [number, number] | null;
  /** Epoch of the samples and of the charts' cursor; null follows the newest. */
  epoch: number | null;
  /** What every run column shows instead of its run: `g` grey, `t` truth, `1`–`9` that run. Flicker compare. */
  show: string | null;
  /** Photograph that the keys speak about. */
  image: number;
  /** Photograph in the loupe. */
  loupe: number | null;
  /** How the loupe shows: one picture, all beside each other, or two under a swipe. */
  lens: Lens;
  /** The two sources that the loupe's swipe compares. */
  swipe: [string, string] | null;
  size: number | null;
  booth: boolean;
  sort: string | null;
  filter: string;
  tab: string;
}

export const defaultView: ViewState = {
  runs: null,
  panels: ['abRmse', 'loss'],
  x: 'epoch',
  log: false,
  smooth: 0,
  zoom: null,
  epoch: null,
  show: null,
  image: 0,
  loupe: null,
  lens: 'one',
  swipe: null,
  size: null,
  booth: false,
  sort: null,
  filter: '',
  tab: 'curves',
};

interface Codec<T> {
  /** Undefined for what a person mistyped: the default is used. */
  read(text: string): T | undefined;
  write(value: T): string;
}

const text: Codec<string> = { read: (value) => value, write: (value) => value };
const flag: Codec<boolean> = { read: (value) => value === '1', write: (value) => (value ? '1' : '0') };
const nullable = <T>(codec: Codec<T>): Codec<T | null> => ({
  read: codec.read,
  write: (value) => (value === null ? '' : codec.write(value)),
});
const number = (min: number, max: number, { whole = false } = {}): Codec<number> => ({
  read: (value) => {
    const parsed = Number(value);
    const fits =
      value.trim() !== '' && parsed >= min && parsed <= max && (!whole || Number.isInteger(parsed));
    return fits ? parsed : undefined;
  },
  write: (value) => String(Number(value.toPrecision(6))),
});
const index = number(0, 1e6, { whole: true });
const oneOf = <T extends string>(names: readonly T[]): Codec<T> => ({
  read: (value) => names.find((name) => name === value),
  write: (value) => value,
});
const list = <T extends string>(item: Codec<T>): Codec<T[]> => ({
  read: (value) =>
    value
      .split(',')
      .map((part) => item.read(part))
      .filter((part): part is T => part !== undefined && part !== ''),
  write: (values) => values.join(','),
});
const pair = <T>(item: Codec<T>): Codec<[T, T]> => ({
  read: (value) => {
    const [a, b] = value.split('~').map((part) => item.read(part));
    return a === undefined || b === undefined ? undefined : [a, b];
  },
  write: ([a, b]) => `${item.write(a)}~${item.write(b)}`,
});

const codecs: { [K in keyof ViewState]: Codec<ViewState[K]> } = {
  runs: nullable(list(text)),
  panels: list(oneOf(panelNames)),
  x: oneOf(xAxes),
  log: flag,
  smooth: number(0, 0.99),
  zoom: nullable({
    read: (value) => {
      const range = pair(number(-1e12, 1e12)).read(value);
      return range && range[0] < range[1] ? range : undefined;
    },
    write: pair(number(-1e12, 1e12)).write,
  }),
  epoch: nullable(index),
  show: nullable({ read: (value) => (/^[gt1-9]$/.test(value) ? value : undefined), write: (value) => value }),
  image: index,
  loupe: nullable(index),
  lens: oneOf(lenses),
  swipe: nullable(pair(text)),
  size: nullable(number(32, 512, { whole: true })),
  booth: flag,
  sort: nullable(text),
  filter: text,
  tab: text,
};
const names = Object.keys(codecs) as (keyof ViewState)[];

/** Reads a view from the query of an address; what is missing or mistyped gets its default. */
export function readView(query: URLSearchParams): ViewState {
  return Object.fromEntries(
    names.map((name) => {
      const given = query.get(name);
      const value = given === null ? undefined : codecs[name].read(given);
      return [name, value === undefined ? defaultView[name] : value];
    }),
  ) as unknown as ViewState;
}

/** Writes a view into a query: defaults are left out, other parameters stay as they are. */
export function writeView(view: ViewState, query: URLSearchParams): URLSearchParams {
  const written = new URLSearchParams(query);
  for (const name of names) {
    const value = encode(name, view);
    if (value === encode(name, defaultView) && (view[name] === null) === (defaultView[name] === null)) {
      written.delete(name);
    } else {
      written.set(name, value);
    }
  }
  return written;
}

/** A query as text, with the commas of lists left readable. */
export const toSearch = (query: URLSearchParams) => {
  const search = query.toString().replaceAll('%2C', ',').replaceAll('%7E', '~');
  return search === '' ? '' : `?${search}`;
};

function encode<K extends keyof ViewState>(name: K, view: ViewState): string {
  return codecs[name].write(view[name]);
}
