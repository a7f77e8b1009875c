import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ViewStore } from './view-store.js';

describe('ViewStore', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('shows a change at once and writes the address once for many', () => {
    const written: string[] = [];
    const store = new ViewStore('', (search) => written.push(search));

    for (let epoch = 1; epoch <= 50; epoch++) store.set({ epoch });

    expect(store.get().epoch).toBe(50);
    expect(written).toEqual([]);
    vi.runAllTimers();
    expect(written).toEqual(['?epoch=50']);
  });

  it('does not take its own address for news', () => {
    const store = new ViewStore('', () => undefined);
    store.set({ epoch: 3 });
    vi.runAllTimers();
    store.set({ epoch: 4 });

    store.addressChanged('?epoch=3');

    expect(store.get().epoch).toBe(4);
  });

  it('follows back and forward', () => {
    const store = new ViewStore('?epoch=3', () => undefined);

    store.addressChanged('?epoch=8');

    expect(store.get().epoch).toBe(8);
  });

  it('tells those who listen, until they stop', () => {
    const store = new ViewStore('', () => undefined);
    let calls = 0;
    const stop = store.subscribe(() => (calls += 1));

    store.set({ log: true });
    stop();
    store.set({ log: false });

    expect(calls).toBe(1);
  });
});
