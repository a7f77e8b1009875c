import { finishImport } from './assemble.js';
import { checkCommonOptions, ImportError, type ImportOptions, type ImportResult } from './import-options.js';
import { pictureRows, smallestCrop } from './picture-rows.js';
import { drawScene } from './synthetic-scene.js';
import { WorkFolder } from './work-folder.js';

export interface SyntheticImportOptions extends ImportOptions {
  /** Number of scenes. Default 400. */
  scenes?: number;
  /** Side of the square images, in pixels. Default 64. */
  imageSize?: number;
  /** Random crops of each training scene. Default 4. */
  cropsPerPhoto?: number;
}

/**
 * Makes a dataset version of drawn landscapes, for machines without photographs. Colours follow from texture and lightness,
 * so a network learns them quickly; what it learns is of no use on photographs.
 */
export async function importSynthetic(options: SyntheticImportOptions): Promise<ImportResult> {
  const { name, scenes = 400, imageSize = 64, cropsPerPhoto = 4, seed = 0 } = options;
  checkCommonOptions({ seed, imageSize });
  if (!Number.isInteger(scenes) || scenes < 3 || scenes > 100_000) {
    throw new ImportError('invalid_scenes', `${scenes} scenes are not possible.`, 'Use 3 to 100000.');
  }
  const about = { scenes, imageSize, cropsPerPhoto, seed };
  const folder = await WorkFolder.open(options.workFolder, 'synthetic', { name, ...about });
  const pictures = {
    count: scenes,
    identity: (scene: number): [number, number] => [0, scene],
    open: async (scene: number, side: number) => drawScene(seed, scene, side),
  };
  return finishImport(folder, async () => ({
    ...pictureRows(pictures, { imageSize, cropsPerPhoto, seed }),
    about: {
      name,
      importer: 'synthetic',
      options: { ...about, split: '80/10/10 by scene', smallestCrop },
      sources: scenes,
      skipped: [],
      card: {
        title: 'Synthetic scenes (drawn, no photographs)',
        description:
          `${scenes} procedural landscapes of sky, hills, grass, sand, water, brick walls and trees. The colour of each ` +
          'material is a fixed function of its lightness, so all of it can be learned from the grey picture.',
        credits: [],
      },
    },
    imageSize,
    onProgress: options.onProgress ?? (() => {}),
    signal: options.signal,
  }));
}
