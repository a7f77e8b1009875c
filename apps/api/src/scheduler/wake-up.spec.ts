import { describe, expect, it } from 'vitest';
import { WakeUp } from './wake-up.js';

async function timed(wait: Promise<void>): Promise<number> {
  const from = performance.now();
  await wait;
  return performance.now() - from;
}

describe('a pause', () => {
  it('ends by itself', async () => {
    expect(await timed(new WakeUp().wait(100))).toBeGreaterThanOrEqual(99);
  });

  it('is cut short by a change', async () => {
    const wakeUp = new WakeUp();
    setTimeout(() => wakeUp.now(), 10);
    expect(await timed(wakeUp.wait(5000))).toBeLessThan(1000);
  });

  it('that has not begun is cut short too: no change is missed', async () => {
    const wakeUp = new WakeUp();
    wakeUp.now();
    expect(await timed(wakeUp.wait(5000))).toBeLessThan(1000);
  });

  it('lasts a moment however many changes come', async () => {
    const wakeUp = new WakeUp();
    wakeUp.now();
    wakeUp.now();
    await wakeUp.wait(5000);
    expect(await timed(wakeUp.wait(100))).toBeGreaterThanOrEqual(99);
  });
});
