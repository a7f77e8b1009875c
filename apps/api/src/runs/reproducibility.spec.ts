import type { Environment, Recipe, RunDetail, Trainer } from '@chromatune/contracts';
import { describe, expect, it } from 'vitest';
import { expectReproduction } from './reproducibility.js';

const native: Environment = {
  engine: 'native',
  engineVersion: 'tensorflow 2.21.0',
  device: 'a processor',
  threads: 2,
  deterministic: true,
  codeVersion: 'c0de'.repeat(16),
};
const portable: Environment = { ...native, engine: 'portable', engineVersion: 'tfjs-wasm 4.22.0' };
const recipe = { batchSize: 16 } as Recipe;
const completed = { id: 's7k3-0', state: 'completed', environment: native, recipe } as RunDetail;
const trainer = (environment: Environment, more: Partial<Trainer> = {}) =>
  ({ id: 't-1', online: true, draining: false, environment, ...more }) as Trainer;

describe('what is expected of a reproduction', () => {
  it('IDENTICAL where a trainer with the same engine is online', () => {
    const expectation = expectReproduction(completed, recipe, [trainer(portable), trainer(native)]);
    expect(expectation.expected).toBe('IDENTICAL');
  });

  it('EQUIVALENT where only another engine, device or number of threads is online, and says which', () => {
    expect(expectReproduction(completed, recipe, [trainer(portable)])).toMatchObject({
      expected: 'EQUIVALENT',
      reason: expect.stringContaining('tfjs-wasm 4.22.0') as string,
    });
    for (const other of [{ threads: 4 }, { device: 'another processor' }]) {
      expect(expectReproduction(completed, recipe, [trainer({ ...native, ...other })]).expected).toBe(
        'EQUIVALENT',
      );
    }
  });

  it('DIVERGED with another recipe', () => {
    const other = { ...recipe, batchSize: 32 };
    expect(expectReproduction(completed, other, [trainer(native)]).expected).toBe('DIVERGED');
  });
});

describe('what is refused before training', () => {
  const refusal = (run: RunDetail, trainers: Trainer[]) => () => expectReproduction(run, recipe, trainers);

  it('a run that has not completed', () => {
    expect(refusal({ ...completed, state: 'running' }, [trainer(native)])).toThrow(
      'NOT REPRODUCIBLE because run s7k3-0 is running',
    );
  });

  it('no trainer online', () => {
    expect(refusal(completed, [trainer(native, { online: false })])).toThrow('no trainer is online');
    expect(refusal(completed, [trainer(native, { draining: true })])).toThrow('no trainer is online');
  });

  it('only trainers of another code version, naming both versions', () => {
    const other = trainer({ ...native, codeVersion: 'beef'.repeat(16) });
    expect(refusal(completed, [other])).toThrow(/code version c0dec0dec0de.*beefbeefbeef/);
  });
});
