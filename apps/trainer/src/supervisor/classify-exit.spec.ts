import { describe, expect, it } from 'vitest';
import { type ChildExit, classifyExit } from './classify-exit.js';

describe('an exit without a result', () => {
  it.each([
    ['a kill from outside', { signal: 'SIGKILL' }],
    ['a crash of native code', { signal: 'SIGSEGV', stderr: 'Segmentation fault' }],
  ] as const)('by %s loses the attempt, and the run goes on', (_, exit) => {
    expect(classified(exit)).toEqual({ lost: expect.stringContaining(exit.signal) });
  });

  it.each([
    ['SIGKILL while the kernel killed for memory', { signal: 'SIGKILL', oomKill: true }, 'outOfMemory'],
    [
      'a full JavaScript heap',
      {
        signal: 'SIGABRT',
        stderr: 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
      },
      'outOfMemory',
    ],
    ['a full GPU', { code: 1, stderr: 'OOM when allocating tensor with shape[64]' }, 'outOfMemory'],
    ['a full disk', { code: 1, stderr: 'Error: ENOSPC: no space left on device, write' }, 'io'],
    ['a broken GPU', { code: 1, stderr: 'failed call to cuInit: CUDA_ERROR_ECC_UNCORRECTABLE' }, 'badDevice'],
    ['an exception', { code: 1, stderr: 'TypeError: x is not a function\n    at main.ts:3' }, 'codeBug'],
    ['success, but nothing said', { code: 0 }, 'codeBug'],
  ] as const)('by %s is a failure with its class and a remedy', (_, exit, expected) => {
    const { failure } = classified(exit) as { failure: { class: string; remedy: string; step: number } };

    expect(failure).toMatchObject({ class: expected, step: 7 });
    expect(failure.remedy).not.toBe('');
  });

  it('says the stack of an exception', () => {
    expect(classified({ code: 1, stderr: 'TypeError: x' })).toMatchObject({
      failure: { message: expect.stringContaining('TypeError: x') },
    });
  });
});

const classified = (exit: Partial<ChildExit>) =>
  classifyExit({ code: null, signal: null, stderr: '', oomKill: false, step: 7, ...exit });
