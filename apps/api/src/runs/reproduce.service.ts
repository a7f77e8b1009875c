import {
  datasetFileKey,
  datasetFiles,
  isLpips,
  type Recipe,
  type Reproduction,
  weightsKey,
  type WeightsNetwork,
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
    await this.checkDataset(recipe);
    await this.checkWeights(recipe);

    const reproduction = await this.database.runs.insertReproduction(id, recipe);
    this.logger.info(
      { runId: reproduction.id },
      `reproduction of ${id} queued, ${expectation.expected} expected`,
    );
    return { ...reproduction, ...expectation };
  }

  private async checkDataset({ dataset: { name, digest }, model }: Recipe): Promise<void> {
    const remedy = 'Import the same photographs with the same options: the same input gives the same digest.';
    const detail = await this.database.datasets.version(digest);
    const which = `version ${digest.slice(0, 12)} of dataset ${name}`;
    if (!detail) throw new NotReproducible(`${which} is gone`, remedy);
    const { imageSize } = detail.version;
    if (model.imageSize > imageSize) {
      throw new NotReproducible(
        `images of ${model.imageSize} pixels cannot be made of the ${imageSize} of ${which}`,
        `Use an imageSize of at most ${imageSize} in the recipe.`,
      );
    }
    for (const file of datasetFiles(detail.manifest)) {
      if (!(await this.objects.exists(datasetFileKey(file)))) {
        throw new NotReproducible(`${file.name} of ${which} is gone from the object store`, remedy);
      }
    }
  }

  private async checkWeights({ model: { weights, encoder }, lpips }: Recipe): Promise<void> {
    if (weights !== 'none') {
      const network = await this.networkOf(weights);
      if (network !== encoder) throw ofAnotherNetwork(weights, network, encoder);
    }
    if (lpips !== undefined) {
      const network = await this.networkOf(lpips);
      if (!isLpips(network)) throw ofAnotherNetwork(lpips, network, 'LPIPS');
    }
  }

  private async networkOf(weights: string): Promise<WeightsNetwork> {
    const [found] = await this.database.weights.find([weights]);
    if (found && (await this.objects.exists(weightsKey(weights)))) return found.network;
    throw new NotReproducible(`the weights ${weights.slice(0, 12)} are gone`, importRemedy);
  }
}

const ofAnotherNetwork = (weights: string, network: WeightsNetwork, wanted: string) =>
  new NotReproducible(
    `the weights ${weights.slice(0, 12)} are of ${network}, not of ${wanted}`,
    `Name weights of ${wanted} in the recipe: npx chromatune weights list`,
  );
