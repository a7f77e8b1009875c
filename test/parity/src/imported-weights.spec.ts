import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { plainModel, type PretrainedEncoder } from '@chromatune/contracts';
import { decodeWeights, encodeSafetensors, importWeights, networkVariables } from '@chromatune/data';
import { buildEncoder, loadEncoderWeights, type StateTensor } from '@chromatune/models';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { differenceOf } from './comparison.js';
import { float32Bound, loadEngine } from './engine.js';
import { readFixtures } from './fixtures.js';
import { hashValues, hashWeight, product } from './hash-fill.js';
import { imagesFromTorch, imagesInTorchOrder, torchName, torchShape } from './torch-order.js';

// A file of weights as PyTorch has them, imported and loaded as a run does it: the features must be those that torchvision's
// network of three channels has on lightness.

let folder: string;
let imported: StateTensor[];
beforeAll(async () => {
  const onlyPortable = process.env.CHROMATUNE_ENGINE === 'portable';
  await loadEngine(onlyPortable ? 'portable' : 'native');
  folder = await mkdtemp(path.join(tmpdir(), 'chromatune-parity-'));
  const file = path.join(folder, 'resnet18.safetensors');
  await writeFile(file, torchFile('resnet18'));
  imported = decodeWeights((await importWeights(file)).bytes).tensors;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const adapted = readFixtures('encoders').filter(({ adaptation }) => adaptation !== 'new');

test.each(adapted.map((one) => [one.adaptation, one] as const))(
  "imported weights give torchvision's features, lightness entering by %s",
  (inputAdaptation, { encoder: name, stage, batch, side, tensors }) => {
    const model = { ...plainModel, encoder: name, cut: stage, imageSize: side, inputAdaptation };
    const encoder = buildEncoder(model, 0);
    loadEncoderWeights(encoder, imported, model);
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
