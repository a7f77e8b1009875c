import { useEffect } from 'react';
import type { ViewStore } from './view-store.js';

/** The keys of `shortcuts` in `ui/help-dialog.tsx` that change a view. */
export interface KeyTargets {
  /** First and newest epoch that has something to show. */
  epochs: [number, number];
  images: readonly number[];
  runCount: number;
}

/** Moves the view by keyboard while the calling page is shown. */
export function useViewKeys(
  store: ViewStore,
  { epochs: [first, newest], images, runCount }: KeyTargets,
): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
        return;
      if (scrollsByKey(event.target, event.key)) return;
      const { epoch, image, show, loupe } = store.get();
      const shownEpoch = Math.min(epoch ?? newest, newest);
      const place = images.indexOf(loupe ?? image);
      const moveImage = (by: number) => {
        const next = images[Math.min(images.length - 1, Math.max(0, place + by))];
        if (next !== undefined) store.set(loupe === null ? { image: next } : { image: next, loupe: next });
      };
      const flicker = (key: string) => store.set({ show: show === key && loupe === null ? null : key });

      if (event.key === 'ArrowLeft') store.set({ epoch: Math.max(first, shownEpoch - 1) });
      else if (event.key === 'ArrowRight') store.set({ epoch: Math.min(newest, shownEpoch + 1) });
      else if (event.key === 'ArrowUp' && images.length > 0) moveImage(-1);
      else if (event.key === 'ArrowDown' && images.length > 0) moveImage(1);
      else if (event.key === ' ' && !isControl(event.target))
        window.dispatchEvent(new Event('chromatune:play'));
      else if (event.key === 'g' || event.key === 't') flicker(event.key);
      else if (/^[1-9]$/.test(event.key) && Number(event.key) <= runCount) flicker(event.key);
      else if (event.key === 'Escape' && loupe === null && show !== null) store.set({ show: null });
      else if (event.key === 'Enter' && images.length > 0 && !isControl(event.target))
        store.set({ loupe: image });
      else if (event.key === '/') focusFilter();
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [store, first, newest, images, runCount]);
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    (target instanceof HTMLInputElement && target.type !== 'checkbox') ||
    ['TEXTAREA', 'SELECT'].includes(target.tagName));

const isControl = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  target.closest('button, a, input, summary, [role="slider"], [role="tab"]') !== null;

/** A focused region, as a table too wide for the page, is scrolled by the arrow keys of the axes on which it can. */
export function scrollsByKey(target: EventTarget | null, key: string): boolean {
  const region = (target as Partial<Element> | null)?.closest?.('[role="region"]');
  if (!region || !key.startsWith('Arrow')) return false;
  return key === 'ArrowLeft' || key === 'ArrowRight'
    ? region.scrollWidth > region.clientWidth
    : region.scrollHeight > region.clientHeight;
}

function focusFilter(): void {
  document.querySelector<HTMLInputElement>('input[type="search"]')?.focus();
}
