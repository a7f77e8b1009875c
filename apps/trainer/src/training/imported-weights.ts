import { DomainError, isLpips, lpipsFileName, type Recipe, weightsFileName } from '@chromatune/contracts';
import { decodeWeights, type FileProvider } from '@chromatune/data';
import { buildLpips, loadEncoderWeights, type Lpips, type Network } from '@chromatune/models';
import { readBytes } from './checkpoint.js';

/** Lets the encoder start from the imported weights that the recipe names, if it names any. */
export async function loadImportedWeights(
  network: Network,
  { model }: Pick<Recipe, 'model'>,
  files: FileProvider,
): Promise<void> {
  if (model.weights === 'none') return;
  const { network: found, tensors } = await readWeights(weightsFileName, files);
  if (found !== model.encoder) throw ofAnotherNetwork(found, model.encoder);
  loadEncoderWeights(network, tensors, model);
}

/** LPIPS with the imported weights that the recipe names, null if it names none. The caller disposes of it. */
export async function loadLpips(
  { lpips }: Pick<Recipe, 'lpips'>,
  files: FileProvider,
): Promise<Lpips | null> {
  if (lpips === undefined) return null;
  const { network, tensors } = await readWeights(lpipsFileName, files);
  if (!isLpips(network)) throw ofAnotherNetwork(network, 'LPIPS');
  return buildLpips(network, tensors);
}

async function readWeights(name: string, files: FileProvider) {
  const { [name]: path } = await files([name]);
  return decodeWeights(await readBytes(path!));
}

const ofAnotherNetwork = (found: string, wanted: string) =>
  new DomainError(
    'weights_of_another_network',
    422,
    `The imported weights are of ${found}, not of ${wanted}.`,
    {
      remedy: `Import weights of ${wanted} (npx chromatune weights import FILE), and name their digest.`,
    },
  );
