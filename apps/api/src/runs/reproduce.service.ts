import {
  datasetFileKey,
  datasetFiles,
  type Recipe,
  type Reproduction,
  weightsKey,
} from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { InjectDatabase, InjectObjectStore } from '../config/connections.js';
import { importRemedy } from '../weights/weights.errors.js';
import { expectReproduction } from './reproducibility.js';
import { NotReproducible, RunNotFound } from './runs.errors.js';

@Injectable()
export class ReproduceService {
  constructor(
    @InjectDatabase() private readonly database: Database,
    @InjectObjectStore() private readonly objects: ObjectStore,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(ReproduceService.name);
  }

  /** Queues a run made of the stored recipe alone, or of another one to compare. Refuses what cannot be compared. */
  async reproduce(id: string, otherRecipe?: Recipe): Promise<Reproduction> {
    const run = await this.database.runs.detail(id);
    if (!run) throw new RunNotFound(id);
    const recipe = otherRecipe ?? run.recipe;
    const expectation = expectReproduction(run, recipe, await this.database.trainers.list());
    await this.checkDataset(recipe.dataset);
    await this.checkWeights(recipe.model);

    const reproduction = await this.database.runs.insertReproduction(id, recipe);
    this.logger.info(
      { runId: reproduction.id },
      `reproduction of ${id} queued, ${expectation.expected} expected`,
    );
    return { ...reproduction, ...expectation };
  }

  private async checkDataset({ name, digest }: Recipe['dataset']): Promise<void> {
    const remedy = 'Import the same photographs with the same options: the same input gives the same digest.';
    const detail = await this.database.datasets.version(digest);
    const which = `version ${digest.slice(0, 12)} of dataset ${name}`;
    if (!detail) throw new NotReproducible(`${which} is gone`, remedy);
    for (const file of datasetFiles(detail.manifest)) {
      if (!(await this.objects.exists(datasetFileKey(file)))) {
        throw new NotReproducible(`${file.name} of ${which} is gone from the object store`, remedy);
      }
    }
  }

  private async checkWeights({ weights, encoder }: Recipe['model']): Promise<void> {
    if (weights === 'none') return;
    const [found] = await this.database.weights.find([weights]);
    if (!found || !(await this.objects.exists(weightsKey(weights)))) {
      throw new NotReproducible(`the weights ${weights.slice(0, 12)} are gone`, importRemedy);
    }
    if (found.network !== encoder) {
      throw new NotReproducible(
        `the weights ${weights.slice(0, 12)} are of ${found.network}, not of ${encoder}`,
        'Name weights of that encoder in the recipe: npx chromatune weights list',
      );
    }
  }
}
