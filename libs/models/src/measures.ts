// How pictures compare, without TensorFlow.js: for threads that do nothing else.
export { ColorMeter, type ColorMetrics } from './metrics/color-meter.js';
export { imageMeasureNames, imageMeasurer } from './metrics/image-measures.js';
