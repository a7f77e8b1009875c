// What is known of networks and colour bins without TensorFlow.js: for the command line and the API.
export { describePrior } from './color/prior.js';
export {
  type DescribedRecipe,
  describeNetwork,
  type LayerDescription,
  type NetworkDescription,
} from './networks/describe-network.js';
export {
  chooseMicroBatch,
  correctionOf,
  forecastMemory,
  type MemoryForecast,
  type MicroBatchChoice,
  withFilledBatch,
} from './forecast-memory.js';
export { gigabytesText } from './gigabytes.js';
export { memoryFactors, memoryShape } from './memory-shape.js';
