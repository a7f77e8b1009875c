import { DomainError, type Recipe, weightsFileName } from '@chromatune/contracts';
import { decodeWeights, type FileProvider } from '@chromatune/data';
import { loadEncoderWeights, type Network } from '@chromatune/models';
import { readBytes } from './checkpoint.js';

/** Lets the encoder start from the imported weights that the recipe names, if it names any. */
export async function loadImportedWeights(
  network: Network,
  { model }: Pick<Recipe, 'model'>,
  files: FileProvider,
): Promise<void> {
  if (model.weights === 'none') return;
  const { [weightsFileName]: path } = await files([weightsFileName]);
  const { network: found, tensors } = decodeWeights(await readBytes(path!));
  if (found !== model.encoder) throw otherEncoder(found, model.encoder);
  loadEncoderWeights(network, tensors, model);
}

const otherEncoder = (found: string, wanted: string) =>
  new DomainError(
    'weights_of_another_encoder',
    422,
    `The imported weights are of ${found}, not of ${wanted}.`,
    {
      remedy: `Import weights of ${wanted} (npx chromatune weights import FILE), and name their digest.`,
    },
  );
