import { wasmBase64 } from './picture-kernel.wasm.js';

/**
 * Compares pictures in WebAssembly, which handles four pixels at once: everything that is done for every pixel of every
 * epoch. Its source is in `assembly/`; it documents what is computed and how. Colours are compared in float32, and sums are
 * float64. Of pictures with many colours a mean ΔE is off by less than 1e-5, and SSIM by as much where they are smooth, else by
 * less than 1e-7. In flat pictures every pixel has the same error, which no mean makes smaller: up to 2e-4 and 1e-4.
 *
 * One pair of pictures at a time, each `size` x `size`: fill the arrays, then ask. They stay filled.
 * @throws RangeError when `size` is below 11, into which the window of SSIM does not fit
 */
export class PictureKernel {
  /** 8-bit lightness, 1 a pixel. */
  readonly l: Uint8Array;
  /** The true ab, 8-bit, 2 a pixel. */
  readonly truthAb: Uint8Array;
  /** As predicted, in ab units, 2 a pixel. */
  readonly predictedAb: Float32Array;
  /** Both as people see them: 8-bit sRGB, 3 a pixel. */
  readonly truthRgb: Uint8Array;
  readonly predictedRgb: Uint8Array;
  /** Of each 8-bit colour a8 * 256 + b8, in the rebalanced AuC. */
  readonly weights: Float64Array;

  private readonly kernel = instantiate();
  private readonly sums: Float64Array;
  private readonly workAt: number;

  constructor(readonly size: number) {
    if (size < 11) throw new RangeError(`SSIM needs pictures of 11 pixels and more, not ${size}.`);
    const pixels = size * size;
    const { place, reserve } = placing(this.kernel);
    // The kernel reads pixels by twos and fours: behind the last, all must be black in both pictures.
    const [l, truthAb] = [place(pixels), place(2 * pixels + slack)];
    const [predictedAb, truthRgb, predictedRgb] = [place(8 * pixels), place(3 * pixels), place(3 * pixels)];
    const [weights, sums] = [place(8 * 65_536), place(8 * sumsOfRgb)];
    this.workAt = place(this.kernel.ssimMemory(size));
    const memory = reserve();
    new Uint8Array(memory, truthAb + 2 * pixels, slack).fill(128);

    this.l = new Uint8Array(memory, l, pixels);
    this.truthAb = new Uint8Array(memory, truthAb, 2 * pixels);
    this.predictedAb = new Float32Array(memory, predictedAb, 2 * pixels);
    this.truthRgb = new Uint8Array(memory, truthRgb, 3 * pixels);
    this.predictedRgb = new Uint8Array(memory, predictedRgb, 3 * pixels);
    this.weights = new Float64Array(memory, weights, 65_536);
    this.sums = new Float64Array(memory, sums, sumsOfRgb);
  }

  /** Paints both pictures, clipped to the gamut, from lightness and ab. */
  paint(): void {
    const { kernel, l, truthAb, predictedAb, truthRgb, predictedRgb } = this;
    kernel.paint8(l.byteOffset, truthAb.byteOffset, l.length, truthRgb.byteOffset);
    kernel.paint(l.byteOffset, predictedAb.byteOffset, l.length, predictedRgb.byteOffset);
  }

  /** Sums over the pixels of ab. */
  compareAb() {
    const { kernel, truthAb, predictedAb, weights, sums } = this;
    kernel.compareAb(
      predictedAb.byteOffset,
      truthAb.byteOffset,
      truthAb.length / 2,
      weights.byteOffset,
      sums.byteOffset,
    );
    const [squaredError, predictedChroma, trueChroma, nearness, weightedNearness, weight] = sums;
    return {
      squaredError: squaredError!,
      predictedChroma: predictedChroma!,
      trueChroma: trueChroma!,
      nearness: nearness!,
      weightedNearness: weightedNearness!,
      weight: weight!,
    };
  }

  /** Sums over the pixels of RGB; squared errors over all channels. */
  compareRgb() {
    const { kernel, l, truthRgb, predictedRgb, sums } = this;
    kernel.compareRgb(predictedRgb.byteOffset, truthRgb.byteOffset, l.length, sums.byteOffset);
    return {
      predicted: opponents(sums, 0),
      truth: opponents(sums, 5),
      squaredError: sums[10]!,
      deltaE76: sums[11]!,
      deltaE2000: sums[12]!,
    };
  }

  /**
   * Structural similarity of the pictures (Wang et al. 2004), 1 when they are equal: Gaussian window of 11 x 11 with σ = 1.5,
   * K1 = 0.01, K2 = 0.03, L = 255, population variances, only windows that lie inside the picture (borders of 5 cropped),
   * mean of each channel, then of the three. Equals scikit-image's `structural_similarity` with `gaussian_weights=True,
   * sigma=1.5, use_sample_covariance=False, data_range=255`.
   */
  ssim(): number {
    const { kernel, size, predictedRgb, truthRgb, workAt } = this;
    const sum = kernel.ssimSum(predictedRgb.byteOffset, truthRgb.byteOffset, size, workAt);
    return sum / (3 * (size - 10) ** 2);
  }
}

/** Sums over the pixels of a picture: rg = R - G, yb = (R + G) / 2 - B, both without their signs, and rg² + yb². */
export interface OpponentSums {
  rg: number;
  yb: number;
  absRg: number;
  absYb: number;
  squares: number;
}

/** The kernel counts in integers: yb twice, squares four times. */
function opponents(sums: Float64Array, from: number): OpponentSums {
  const [rg, yb, absRg, absYb, squares] = sums.subarray(from);
  return { rg: rg!, yb: yb! / 2, absRg: absRg!, absYb: absYb! / 2, squares: squares! / 4 };
}

type Lab = readonly [l: number, a: number, b: number];

/** The CIE 1976 difference of two colours, their distance, in float32. */
export const deltaE76 = (one: Lab, other: Lab): number => shared().deltaE76Of(...one, ...other);

/** The CIEDE2000 difference of two colours, with kL = kC = kH = 1, in float32. */
export const deltaE2000 = (one: Lab, other: Lab): number => shared().deltaE2000Of(...one, ...other);

let only: Kernel | null = null;
const shared = () => (only ??= instantiate());

/** The part of Node's `WebAssembly` that is used here: @types/node 20 leaves it to the types of browsers. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: object };
};

const slack = 16;
const sumsOfRgb = 13;
const pageBytes = 65_536;

/** What `assembly/index.ts` exports. Pictures and sums are addresses in `memory`. */
interface Kernel {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  firstFreeByte(): number;
  paint(l: number, ab: number, pixels: number, rgb: number): void;
  paint8(l: number, ab: number, pixels: number, rgb: number): void;
  compareAb(predicted: number, truth: number, pixels: number, weights: number, sums: number): void;
  compareRgb(one: number, other: number, pixels: number, sums: number): void;
  ssimMemory(size: number): number;
  ssimSum(one: number, other: number, size: number, work: number): number;
  deltaE76Of(...colors: [...Lab, ...Lab]): number;
  deltaE2000Of(...colors: [...Lab, ...Lab]): number;
}

let compiled: object | null = null;

function instantiate(): Kernel {
  compiled ??= new WebAssembly.Module(Buffer.from(wasmBase64, 'base64'));
  return new WebAssembly.Instance(compiled, {}).exports as Kernel;
}

/** Addresses, one after another, each with some room behind it that may be read; then the memory that has them all. */
function placing({ memory, firstFreeByte }: Kernel) {
  let next = firstFreeByte();
  return {
    place(bytes: number): number {
      const address = next;
      next = Math.ceil((address + bytes + slack) / 16) * 16;
      return address;
    },
    reserve(): ArrayBuffer {
      memory.grow(Math.max(0, Math.ceil((next - memory.buffer.byteLength) / pageBytes)));
      return memory.buffer;
    },
  };
}
