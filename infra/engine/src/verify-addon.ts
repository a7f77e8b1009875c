import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { AddonSources } from './addon.js';
import { cpuTooOld, verificationFailed } from './engine.errors.js';
import type { EngineParts } from './pins.js';
import { lastLines, runProgram } from './run-program.js';

/** The same file for `src` and `dist`. */
const selfTest = fileURLToPath(new URL('../self-test.mjs', import.meta.url));

export interface Verification {
  tensorflowVersion: string;
  usesGpu: boolean;
  /** The machine on which the self-test passed: elsewhere it has to pass again. */
  machine: string;
}

/** Runs the numeric self-test in a child process. Throws unless every number is right. */
export async function verifyAddon(
  addon: string,
  parts: EngineParts,
  sources: AddonSources,
  environment: NodeJS.ProcessEnv,
): Promise<Verification> {
  // The native engine must not take memory of a GPU that happens to be there.
  const devices = parts.name === 'native' ? { CUDA_VISIBLE_DEVICES: '-1' } : {};
  const result = await runProgram(process.execPath, [selfTest, addon, sources.package], {
    environment: { ...environment, ...devices },
    timeoutMs: 300_000, // a GPU's first call may compile for minutes
  });
  if (result.signal === 'SIGILL') throw cpuTooOld();
  const answer = parseAnswer(result.stdout);
  if (result.code !== 0 || answer === null) throw verificationFailed(parts.name, lastLines(result, 1));
  if (answer.problems.length > 0) throw verificationFailed(parts.name, answer.problems.join('; '));
  if (answer.version !== parts.tensorflowVersion) {
    throw verificationFailed(
      parts.name,
      `it says TensorFlow ${answer.version}, expected ${parts.tensorflowVersion}`,
    );
  }
  if (parts.name === 'cuda' && !answer.usesGpu) {
    throw verificationFailed(parts.name, 'TensorFlow does not see the GPU');
  }
  return { tensorflowVersion: answer.version, usesGpu: answer.usesGpu, machine: thisMachine() };
}

export function thisMachine(): string {
  return `${process.platform}-${process.arch}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.version}`;
}

function parseAnswer(stdout: string): { version: string; usesGpu: boolean; problems: string[] } | null {
  const line = stdout.split('\n').find((candidate) => candidate.startsWith('{"version"'));
  return line === undefined
    ? null
    : (JSON.parse(line) as { version: string; usesGpu: boolean; problems: string[] });
}
