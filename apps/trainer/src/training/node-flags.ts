/**
 * What Node is told when a training process starts: MB of heap to begin with, where code and TensorFlow.js take 32. V8 begins
 * with less, and then goes through all of it once or twice a second, which takes a small network's run a tenth of its time.
 * No source maps, for the same reason: TensorFlow.js' alone take 20 MB.
 */
export const nodeFlags = ['--initial-old-space-size=64'];
