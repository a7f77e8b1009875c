import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { plainModel, type PretrainedEncoder } from '@chromatune/contracts';
import { decodeWeights, encodeSafetensors, importWeights, networkVariables } from '@chromatune/data';
import { buildEncoder, loadEncoderWeights, type StateTensor } from '@chromatune/models';
import { beforeAll, expect, test } from 'vitest';
import { differenceOf } from './comparison.js';
import { float32Bound, loadEngine } from './engine.js';
import { readFixtures } from './fixtures.js';
import { hashValues, hashWeight, product } from './hash-fill.js';
import { imagesFromTorch, imagesInTorchOrder, torchName, torchShape } from './torch-order.js';

// A file of weights as PyTorch has them, imported and loaded as a run does it: the features must be those that torchvision's
// network of three channels has on lightness.

const adapted = readFixtures('encoders').filter(({ adaptation }) => adaptation !== 'new');

const imported = new Map<PretrainedEncoder, StateTensor[]>();
beforeAll(async () => {
  const onlyPortable = process.env.CHROMATUNE_ENGINE === 'portable';
  await loadEngine(onlyPortable ? 'portable' : 'native');
  for (const { encoder } of adapted) {
    if (!imported.has(encoder)) imported.set(encoder, await importTorchFile(encoder));
  }
});

test.each(adapted.map((one) => [one.encoder, one.adaptation, one] as const))(
  "imported weights of %s give torchvision's features, lightness entering by %s",
  (name, inputAdaptation, { stage, batch, side, tensors }) => {
    const model = { ...plainModel, encoder: name, cut: stage, imageSize: side, inputAdaptation };
    const encoder = buildEncoder(model, 0);
    loadEncoderWeights(encoder, imported.get(name)!, model);
    const shape: [number, number, number, number] = [batch, 1, side, side];
    const l = imagesFromTorch(hashValues('input', product(shape), { scale: 0.5 }), shape);

    const features = encoder.forward(l, false);

    const reference = tensors.find((tensor) => tensor.name === 'features')!;
    expect(differenceOf(reference, imagesInTorchOrder(features))).toBeLessThanOrEqual(float32Bound);
    features.dispose();
    l.dispose();
    encoder.dispose();
  },
);

async function importTorchFile(encoder: PretrainedEncoder): Promise<StateTensor[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'chromatune-parity-'));
  try {
    const file = path.join(folder, `${encoder}.safetensors`);
    await writeFile(file, torchFile(encoder));
    return decodeWeights((await importWeights(file)).bytes).tensors;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** torchvision's network of three channels with the fixtures' hashed weights, under the names that PyTorch gives. */
function torchFile(encoder: PretrainedEncoder): Uint8Array {
  const variables = networkVariables(encoder);
  const normalised = new Set(
    variables.filter(({ name }) => name.endsWith('/running_var')).map(({ name }) => parentOf(name)),
  );
  return encodeSafetensors(
    variables.map(({ name, shape }) => {
      const ours = torchName(name);
      const data = hashWeight(ours, torchShape(shape), normalised.has(parentOf(name)));
      return { name: ours.replace(/^encoder\./, ''), shape: torchShape(shape), data };
    }),
  );
}

const parentOf = (name: string) => name.slice(0, name.lastIndexOf('/'));
