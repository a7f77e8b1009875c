import type { LiveEvent } from '@chromatune/contracts';
import { describe, expect, it } from 'vitest';
import { isWanted, type LiveFilter } from './live-filter.js';

const filter = (runs: string[], sweep: string | null = null): LiveFilter => ({ runs: new Set(runs), sweep });
const points: LiveEvent = { type: 'points', runId: 's7k3-1', attempt: 1, afterSeq: 0, points: [] };
const runEvent = { type: 'run', run: { id: 's7k3-1' } } as LiveEvent;
const wants = (chosen: LiveFilter, event: LiveEvent) => isWanted(chosen, event, 's7k3');

describe('who hears of points and samples', () => {
  it('those who named the run', () => {
    expect(wants(filter(['s7k3-1']), points)).toBe(true);
    expect(wants(filter(['s7k3-2']), points)).toBe(false);
  });

  it('those who named its sweep and no runs', () => {
    expect(wants(filter([], 's7k3'), points)).toBe(true);
    expect(wants(filter([], 'other'), points)).toBe(false);
    expect(wants(filter(['s7k3-2'], 's7k3'), points)).toBe(false);
  });

  it('not those who named nothing', () => {
    expect(wants(filter([]), points)).toBe(false);
  });

  it('nobody, for a run of no sweep, by a sweep', () => {
    expect(isWanted(filter([], 's7k3'), points, null)).toBe(false);
  });
});

describe('who hears of states', () => {
  it('of runs: those who named the run or its sweep, or nothing', () => {
    expect(wants(filter([]), runEvent)).toBe(true);
    expect(wants(filter(['s7k3-1']), runEvent)).toBe(true);
    expect(wants(filter(['s7k3-2'], 's7k3'), runEvent)).toBe(true);
    expect(wants(filter(['s7k3-2']), runEvent)).toBe(false);
  });

  it('of sweeps: those who named it or nothing', () => {
    const event: LiveEvent = { type: 'sweep', sweepId: 's7k3' };
    expect(wants(filter([]), event)).toBe(true);
    expect(wants(filter([], 's7k3'), event)).toBe(true);
    expect(wants(filter([], 'other'), event)).toBe(false);
  });

  it('of trainers and datasets: everyone', () => {
    expect(wants(filter(['s7k3-1'], 'other'), { type: 'trainers' })).toBe(true);
    expect(wants(filter(['s7k3-1'], 'other'), { type: 'datasets' })).toBe(true);
  });
});
