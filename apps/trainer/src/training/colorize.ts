import { DomainError } from '@chromatune/contracts';
import type { Network } from '@chromatune/models';
import { loadEngine } from '../engine.js';
import { readBytes, withCheckpoint, writeWhole } from './checkpoint.js';
import { type ColorizeOutcome, type ColorizeWork, colorizeWork } from './colorize-messages.js';
import { colorizePhoto, loadNetwork } from './colorize-photo.js';

// The process that colours photographs, one at a time, for as long as its supervisor keeps it: whatever a picture does to it,
// and whatever memory TensorFlow holds, ends with it.
process.on('disconnect', () => process.exit(1));
process.on('SIGINT', () => undefined);
process.on('message', (message) => {
  void colorize(colorizeWork.parse(message)).then((outcome) => process.send!(outcome));
});

let engineIsLoaded = false;
/** The network of the last photograph: the next one is likely to want it too. */
let kept: { checkpointSha256: string; network: Network } | null = null;

async function colorize(work: ColorizeWork): Promise<ColorizeOutcome> {
  try {
    if (!engineIsLoaded) await loadEngine(work.engine, { threads: work.threads });
    engineIsLoaded = true;
    const network = networkOf(work);
    const photo = await readBytes(work.photo);
    await writeWhole(work.picture, await colorizePhoto(network, work.recipe, { ...work, photo }));
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

function networkOf({ recipe, checkpoint, checkpointSha256 }: ColorizeWork): Network {
  if (kept?.checkpointSha256 === checkpointSha256) return kept.network;
  kept?.network.dispose();
  kept = null;
  const network = withCheckpoint(checkpoint, (state) => loadNetwork(recipe, state));
  kept = { checkpointSha256, network };
  return network;
}
