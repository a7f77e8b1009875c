// Values that follow from a tensor's name and an element's index alone, the twin of ../python/hash_fill.py, which says what
// they are and why. Indices count in PyTorch's order: out, in, height, width for weights; image, channel, row, column.

/** 32-bit FNV-1a of the name's UTF-8 bytes. */
export function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** A 32-bit hash of name and index, by murmur3's finalizer. */
function hashAt(ofName: number, index: number): number {
  let x = (ofName + Math.imul(index, 0x9e3779b1)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** u of a hash, in [-1, 1). */
const unit = (hash: number): number => (hash >>> 8) / 2 ** 23 - 1;

// Plain loops below: a ResNet-152 has 58 million weights.

/** The hashes of the first `count` indices. */
export function hashes(name: string, count: number): Uint32Array {
  const ofName = hashOf(name);
  const values = new Uint32Array(count);
  for (let index = 0; index < count; index++) values[index] = hashAt(ofName, index);
  return values;
}

/** u of the first `count` indices. */
export function uniform(name: string, count: number): Float64Array {
  const ofName = hashOf(name);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) values[index] = unit(hashAt(ofName, index));
  return values;
}

/** offset + scale u, rounded to float32. */
export function hashValues(name: string, count: number, { scale = 1, offset = 0 } = {}): Float32Array {
  const ofName = hashOf(name);
  const values = new Float32Array(count);
  for (let index = 0; index < count; index++) values[index] = offset + scale * unit(hashAt(ofName, index));
  return values;
}

/** Whole numbers from 0. */
export const hashIntegers = (name: string, count: number, below: number): Int32Array =>
  Int32Array.from(hashes(name, count), (hash) => hash % below);

/**
 * What a tensor of a network holds, in PyTorch's order.
 * @param name PyTorch's, for example `encoder.layer1.0.conv1.weight`
 * @param shape PyTorch's
 */
export function hashWeight(name: string, shape: readonly number[], ofBatchNorm: boolean): Float32Array {
  const count = product(shape);
  const [layer, kind] = name.split('.').slice(-2) as [string, string];
  if (kind === 'running_mean') return hashValues(name, count, { scale: 0.1 });
  if (kind === 'running_var') return hashValues(name, count, { scale: 0.5, offset: 0.75 });
  if (!ofBatchNorm) {
    return hashValues(name, count, { scale: kind === 'bias' ? 0.1 : Math.sqrt(6 / product(shape.slice(1))) });
  }
  if (layer === 'bn2' || layer === 'bn3') {
    return hashValues(
      name,
      count,
      kind === 'weight' ? { scale: 0.05, offset: 0.1 } : { scale: 0.1, offset: 0.3 },
    );
  }
  if (kind === 'weight') return hashValues(name, count, { scale: 0.05, offset: 0.25 });
  const sign = hashIntegers(name, count, 2);
  return hashValues(name, count, { scale: 0.15, offset: 0.9 }).map((value, index) =>
    sign[index] ? -value : value,
  );
}

export const product = (shape: readonly number[]): number => shape.reduce((all, side) => all * side, 1);
