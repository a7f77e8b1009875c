import { trainerFile } from './children/trainer.js';

/** What training processes are started with. */
export const { nodeFlags } = await trainerFile('training/node-flags.js');
