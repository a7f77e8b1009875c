import { metricCatalogue } from '@chromatune/contracts';
import { describe, expect, it } from 'vitest';
import { defaultView, panels, readView, toSearch, type ViewState, writeView } from './view-state.js';

const write = (patch: Partial<ViewState>, search = '') =>
  toSearch(writeView({ ...defaultView, ...patch }, new URLSearchParams(search)));
const read = (search: string) => readView(new URLSearchParams(search));

describe('the view in an address', () => {
  it('leaves out what is as usual', () => {
    expect(write({})).toBe('');
  });

  it('comes back as it was written', () => {
    const view: ViewState = {
      runs: ['s7k3m9q2-0', 's7k3m9q2-4'],
      panels: ['psnr', 'loss'],
      x: 'time',
      log: true,
      smooth: 0.85,
      zoom: [1.5, 9.25],
      epoch: 9,
      show: 't',
      image: 3,
      loupe: 3,
      lens: 'swipe',
      swipe: ['t', 's7k3m9q2-4'],
      size: 192,
      booth: true,
      sort: '-best',
      filter: 'grid 10 & more',
      tab: 'spec',
    };

    expect(read(write(view))).toEqual(view);
  });

  it('tells no run chosen from nobody asked', () => {
    expect(read(write({ runs: [] })).runs).toEqual([]);
    expect(read(write({ runs: null })).runs).toBeNull();
  });

  it('tells no chart from the usual ones', () => {
    expect(read(write({ panels: [] })).panels).toEqual([]);
  });

  it('keeps epoch 0 and photograph 0 in the loupe', () => {
    expect(read(write({ epoch: 0, loupe: 0 }))).toMatchObject({ epoch: 0, loupe: 0 });
  });

  it('takes the usual for what a person mistyped', () => {
    const view = read('?epoch=nine&smooth=7&x=weeks&zoom=5~2&size=-1&show=zz&panels=nonsense,psnr');

    expect(view).toEqual({ ...defaultView, panels: ['psnr'] });
  });

  it('leaves other parameters of the address alone', () => {
    expect(write({ epoch: 4 }, '?from=s7k3m9q2&epoch=2')).toBe('?from=s7k3m9q2&epoch=4');
  });

  it('stays readable to people', () => {
    expect(write({ runs: ['a-0', 'a-1'], zoom: [1, 2] })).toBe('?runs=a-0,a-1&zoom=1~2');
  });
});

it('has a chart for every metric that a run measures', () => {
  const drawn: (string | null)[] = Object.values(panels).flatMap(({ thin, bold }) => [thin, bold]);

  expect(Object.keys(metricCatalogue).filter((metric) => !drawn.includes(metric))).toEqual([]);
});
