import { execFile } from 'node:child_process';

/** What a program prints (stdout, else stderr), trimmed; null when it is missing, fails or takes longer than 10 s. */
export function runProgram(
  command: string,
  args: string[],
  environment: NodeJS.ProcessEnv,
): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(command, args, { env: environment, timeout: 10_000 }, (error, stdout, stderr) =>
      resolve(error ? null : stdout.trim() || stderr.trim()),
    );
  });
}
