import { DomainError } from '@chromatune/contracts';
import { loadEngine } from '../engine.js';
import { type ColorizeOutcome, type ColorizeWork, colorizeWork } from './colorize-messages.js';
import { colorizePhoto } from './colorize-photo.js';
import { readBytes, readCheckpoint, writeWhole } from './checkpoint.js';

// A short process that colours one photograph: whatever a picture does to it, and whatever memory TensorFlow keeps, ends
// with it.
process.on('disconnect', () => process.exit(1));
process.on('SIGINT', () => undefined);
process.once('message', (message) => {
  void colorize(colorizeWork.parse(message)).then((outcome) => process.send!(outcome, () => process.exit(0)));
});

async function colorize(work: ColorizeWork): Promise<ColorizeOutcome> {
  try {
    await loadEngine(work.engine, { threads: work.threads });
    const { state } = await readCheckpoint(work.checkpoint);
    const picture = await colorizePhoto({ ...work, state, photo: await readBytes(work.photo) });
    await writeWhole(work.picture, picture);
    return { written: true };
  } catch (error) {
    if (error instanceof DomainError) {
      const { code, status, message, remedy } = error;
      return { code, status, message, ...(remedy && { remedy }) };
    }
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { code: 'colorize_failed', status: 500, message: message.slice(0, 4000) };
  }
}
