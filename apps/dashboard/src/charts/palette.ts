import { useSyncExternalStore } from 'react';
import { paletteSize } from './identity.js';

/** Colours that a canvas needs, read from the style sheet: canvas knows no CSS variables. */
export interface ChartColors {
  runs: string[];
  text: string;
  muted: string;
  grid: string;
  cursor: string;
  surface: string;
  font: string;
}

export function useTheme(): 'light' | 'dark' {
  return useSyncExternalStore(subscribe, () =>
    document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light',
  );
}

export function readColors(): ChartColors {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    runs: Array.from({ length: paletteSize }, (_, index) => read(`--run-${index}`)),
    text: read('--text'),
    muted: read('--text-2'),
    grid: read('--line'),
    cursor: read('--text-2'),
    surface: read('--surface'),
    font: read('--font'),
  };
}

function subscribe(onChange: () => void): () => void {
  window.addEventListener('chromatune:theme', onChange);
  return () => window.removeEventListener('chromatune:theme', onChange);
}
