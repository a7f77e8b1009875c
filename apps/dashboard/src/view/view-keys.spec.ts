import { describe, expect, it } from 'vitest';
import { scrollsByKey } from './view-keys.js';

/** A cell of a table in a region of this content. */
const cellIn = (scrollWidth: number, scrollHeight: number) =>
  ({
    closest: (selector: string) =>
      selector === '[role="region"]'
        ? { clientWidth: 300, clientHeight: 200, scrollWidth, scrollHeight }
        : null,
  }) as unknown as EventTarget;

describe('scrollsByKey', () => {
  it('leaves the arrow keys of an axis to the region that scrolls along it', () => {
    const wide = cellIn(500, 200);
    expect(scrollsByKey(wide, 'ArrowLeft')).toBe(true);
    expect(scrollsByKey(wide, 'ArrowRight')).toBe(true);
    expect(scrollsByKey(wide, 'ArrowDown')).toBe(false);

    const tall = cellIn(300, 900);
    expect(scrollsByKey(tall, 'ArrowUp')).toBe(true);
    expect(scrollsByKey(tall, 'ArrowRight')).toBe(false);
  });

  it('leaves the view its keys where nothing scrolls', () => {
    expect(scrollsByKey(cellIn(300, 200), 'ArrowRight')).toBe(false);
    expect(scrollsByKey(cellIn(500, 900), 'g')).toBe(false);
    expect(scrollsByKey({ closest: () => null } as unknown as EventTarget, 'ArrowRight')).toBe(false);
    expect(scrollsByKey({} as EventTarget, 'ArrowRight')).toBe(false); // the window
  });
});
