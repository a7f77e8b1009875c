/**
 * With which a training process is started. MB of heap to begin with, where code and TensorFlow.js take 32: V8 begins with
 * less, and then goes through all of it once or twice a second, which takes a small network's run a tenth of its time.
 */
export const nodeFlags = ['--initial-old-space-size=64'];
