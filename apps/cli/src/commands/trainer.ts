import type { Trainer } from '@chromatune/contracts';
import type { Command } from 'commander';
import { ageText, bytesText } from '../output/format.js';
import type { Colors } from '../output/output.js';
import { table } from '../output/table.js';
import type { Tools } from '../run-cli.js';
import { addCommand, type Context } from './add-command.js';

export function addTrainerCommands(program: Command, tools: Tools): void {
  const trainer = program.command('trainer').description('look at trainers and take them out of service');
  addCommand(trainer, 'list', 'list trainers, what they train on and what they train', tools, listTrainers);
  addCommand(
    trainer,
    'drain <trainer>',
    'let a trainer end what it trains and take nothing new',
    tools,
    drainTrainer,
  ).option('--undo', 'let it take runs again');
}

async function listTrainers({ api, output }: Context): Promise<void> {
  const trainers = await api.listTrainers();
  output.result(trainers, () =>
    trainers.length === 0
      ? 'No trainer has ever reported here. npm start starts one.'
      : trainersTable(trainers, output.colors),
  );
}

const trainersTable = (trainers: Trainer[], colors: Colors) =>
  table(
    trainers,
    [
      { title: 'TRAINER', value: ({ id }) => id },
      { title: 'STATE', value: (trainer) => stateOf(trainer, colors) },
      { title: 'SLOTS', value: ({ runs, slots }) => `${runs.length}/${slots}`, right: true },
      { title: 'ENGINE', value: ({ environment }) => `${environment.engine} (${environment.engineVersion})` },
      { title: 'DEVICE', value: ({ environment }) => environment.device },
      { title: 'MEMORY', value: ({ memoryBytes }) => bytesText(memoryBytes), right: true },
      { title: 'SEEN', value: ({ lastSeenAt }) => `${ageText(lastSeenAt)} ago`, right: true },
      { title: 'TRAINS', value: ({ runs }) => runs.join(', ') || '–' },
    ],
    colors,
  );

function stateOf({ online, draining }: Trainer, colors: Colors): string {
  if (!online) return colors.red('away');
  return draining ? colors.yellow('draining') : colors.green('online');
}

async function drainTrainer(
  { api, output }: Context,
  id: string,
  { undo }: { undo?: boolean },
): Promise<void> {
  const trainer = await api.drainTrainer(id, !undo);
  output.result(trainer, () =>
    trainer.draining
      ? `${id} takes no new runs. It still trains ${trainer.runs.join(', ') || 'nothing'}.`
      : `${id} takes runs again.`,
  );
}
