export { type Purpose, Stream, stream } from './stream.js';
export { type Block, philox4x32 } from './philox.js';
