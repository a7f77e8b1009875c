import { noPip, noPython } from './engine.errors.js';
import { runProgram } from './run-program.js';

/** The Python whose pip downloads the wheels. None of the wheels' own Python code is ever run. */
export async function findPython(environment: NodeJS.ProcessEnv): Promise<string> {
  let withoutPip: string | null = null;
  for (const command of ['python3', 'python']) {
    const version = await runProgram(command, ['--version'], { environment, timeoutMs: 20_000 });
    if (version.missing || !/^Python 3\./.test((version.stdout + version.stderr).trim())) continue;
    const pip = await runProgram(command, ['-m', 'pip', '--version'], { environment, timeoutMs: 60_000 });
    if (pip.code === 0) return command;
    withoutPip ??= command;
  }
  throw withoutPip === null ? noPython() : noPip(withoutPip);
}
