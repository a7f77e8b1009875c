import { spawn } from 'node:child_process';

export interface ProgramResult {
  /** True when there is no such program; then the rest is empty. */
  missing: boolean;
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

interface ProgramOptions {
  environment: NodeJS.ProcessEnv;
  timeoutMs?: number;
  /** Called with every full line of stdout as it comes. */
  onLine?: (line: string) => void;
}

/** Runs a program to its end without a shell. Never rejects: a missing program is a result too. */
export function runProgram(command: string, args: string[], options: ProgramOptions): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: options.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Not spawn's own `timeout`, which keeps the process waiting after a program that could not be started.
    const timer = options.timeoutMs && setTimeout(() => child.kill('SIGKILL'), options.timeoutMs);
    const end = (ended: ProgramResult) => {
      clearTimeout(timer);
      resolve(ended);
    };
    const result: ProgramResult = { missing: false, code: null, signal: null, stdout: '', stderr: '' };
    let unfinishedLine = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      result.stdout += text;
      const lines = (unfinishedLine + text).split('\n');
      unfinishedLine = lines.pop() ?? '';
      for (const line of lines) options.onLine?.(line);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (result.stderr += text));
    child.on('error', (error) => end({ ...result, missing: true, stderr: error.message }));
    child.on('close', (code, signal) => end({ ...result, code, signal }));
  });
}

/** The last lines a program wrote, for an error message. */
export function lastLines(result: ProgramResult, count = 3): string {
  const lines = (result.stderr.trim() || result.stdout.trim()).split('\n');
  return lines.slice(-count).join(' ') || `exit code ${result.code ?? result.signal}`;
}
