// Compiled by AssemblyScript into src/metrics/picture-kernel.wasm.ts, which src/metrics/picture-kernel.ts loads.
export { compareAb } from './ab';
export { deltaE2000Of, deltaE76Of } from './delta-e';
export { paint, paint8 } from './paint';
export { compareRgb } from './rgb';
export { ssimMemory, ssimSum } from './ssim';

/** From here on memory is the caller's, who grows it. */
export function firstFreeByte(): usize {
  return (__heap_base + 15) & ~15;
}
