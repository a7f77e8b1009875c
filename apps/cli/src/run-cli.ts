import { DomainError } from '@chromatune/contracts';
import { Command, CommanderError } from 'commander';
import { addColorizeCommand } from './commands/colorize.js';
import { addDataCommands } from './commands/data.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addModelCommands } from './commands/model.js';
import { addRunCommands } from './commands/run.js';
import { addSweepCommands } from './commands/sweep.js';
import { addTrainerCommands } from './commands/trainer.js';
import { Interrupted } from './commands/until-interrupted.js';
import { addWeightsCommands } from './commands/weights.js';
import type { Settings } from './config/settings.js';
import { Output, type Stream } from './output/output.js';

export interface CliPlace {
  settings: Settings;
  stdout: Stream;
  stderr: Stream;
}

/** Exit codes, for scripts. */
export const exitCodes = {
  done: 0,
  /** It did not work, for a reason that is told. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** A reproduction differs, or cannot be made. */
  notReproduced: 3,
  interrupted: 130,
} as const;

/** Runs one command and returns its exit code. Results go to stdout, everything else to stderr. */
export async function runCli(argv: string[], place: CliPlace): Promise<number> {
  const output = new Output(place.stdout, place.stderr, argv.includes('--json'));
  let exitCode: number = exitCodes.done;
  const program = makeProgram({ ...place, output, finish: (code) => (exitCode = code) });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    if (error instanceof Interrupted) {
      output.note(`Stopped. ${error.message}`);
      return exitCodes.interrupted;
    }
    output.error(error instanceof DomainError ? error : toUnexpected(error));
    return exitCodes.failed;
  }
}

/** What a command has at hand. */
export interface Tools {
  settings: Settings;
  output: Output;
  /** Sets another exit code than 0 for a command that came to its end. */
  finish(exitCode: number): void;
}

function makeProgram({ output, stdout, stderr, ...tools }: CliPlace & Tools): Command {
  const program = new Command('chromatune')
    .description('Launches, watches, compares and reproduces colorization training sweeps.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .showHelpAfterError('Add --help for what is possible.');
  const all = { ...tools, output };
  addSweepCommands(program, all);
  addRunCommands(program, all);
  addColorizeCommand(program, all);
  addDataCommands(program, all);
  addModelCommands(program, all);
  addWeightsCommands(program, all);
  addTrainerCommands(program, all);
  addDoctorCommand(program, all);
  return program;
}

/** A bug: it keeps its stack, for the report. */
function toUnexpected(error: unknown): DomainError {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new DomainError('unexpected', 500, `Something unexpected happened: ${text}`, {
    remedy: 'This is a mistake in Chromatune. Please report it with the text above.',
    cause: error,
  });
}
