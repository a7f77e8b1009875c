import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { canonicalJson, type Environment, type Recipe } from '@chromatune/contracts';
import { forecastVersion } from '@chromatune/models/describe';
import { z } from 'zod';

const kept = z.record(z.string(), z.number().positive());

/** Shapes that are remembered; the oldest go first. */
const mostShapes = 2000;

/**
 * What training each shape of network really took on this device, as a multiple of its static forecast. Kept in a
 * file of the trainer's folder. A lost or damaged file only means that shapes are measured again.
 */
export class MemoryCorrections {
  private readonly known = new Map<string, number>();

  private constructor(private readonly file: string) {}

  static async open(file: string): Promise<MemoryCorrections> {
    const corrections = new MemoryCorrections(file);
    const parsed = kept.safeParse(
      await readFile(file, 'utf8')
        .then((text): unknown => JSON.parse(text))
        .catch(() => null),
    );
    for (const [key, value] of Object.entries(parsed.data ?? {})) corrections.known.set(key, value);
    return corrections;
  }

  of(recipe: Recipe, environment: Environment): number | null {
    return this.known.get(shapeOf(recipe, environment)) ?? null;
  }

  async put(recipe: Recipe, environment: Environment, correction: number): Promise<void> {
    const key = shapeOf(recipe, environment);
    this.known.delete(key);
    this.known.set(key, correction);
    for (const oldest of [...this.known.keys()].slice(0, -mostShapes)) this.known.delete(oldest);
    await writeFile(`${this.file}.new`, JSON.stringify(Object.fromEntries(this.known)));
    await rename(`${this.file}.new`, this.file);
  }
}

/** What the memory depends on, beside the number of images. */
function shapeOf({ model, loss, optimizer, averageDecay }: Recipe, { engineVersion, device }: Environment) {
  const { weights: _weights, ...network } = model;
  const shape = {
    network,
    loss,
    optimizer: optimizer.type,
    averages: averageDecay > 0,
    engineVersion,
    device,
    forecastVersion,
  };
  return createHash('sha256').update(canonicalJson(shape)).digest('hex').slice(0, 16);
}
