import { type PaintedImage } from './image-measures.js';
import { type Lpips } from './lpips.js';

/** Pixels of each side that are compared at once: VGG's largest features of both then have 34 MB. */
const pixelsAtOnce = 65_536;

/** Mean LPIPS of pictures of `size` x `size`, compared several at once: how many does not depend on the batch size. */
export class LpipsMeter {
  private readonly atOnce: number;
  private readonly truth: Uint8Array;
  private readonly predicted: Uint8Array;
  private waiting = 0;
  private sum = 0;
  private images = 0;

  constructor(
    private readonly lpips: Pick<Lpips, 'distances'>,
    private readonly size: number,
  ) {
    this.atOnce = Math.max(1, Math.floor(pixelsAtOnce / size ** 2));
    this.truth = new Uint8Array(this.atOnce * this.bytes);
    this.predicted = new Uint8Array(this.atOnce * this.bytes);
  }

  add({ truthRgb, predictedRgb }: Pick<PaintedImage, 'truthRgb' | 'predictedRgb'>): void {
    this.truth.set(truthRgb, this.waiting * this.bytes);
    this.predicted.set(predictedRgb, this.waiting * this.bytes);
    this.waiting += 1;
    if (this.waiting === this.atOnce) this.compareWaiting();
  }

  read(): number {
    this.compareWaiting();
    return this.sum / this.images;
  }

  private get bytes() {
    return this.size ** 2 * 3;
  }

  private compareWaiting(): void {
    if (this.waiting === 0) return;
    const [truth, predicted] = [this.truth, this.predicted].map((all) =>
      all.subarray(0, this.waiting * this.bytes),
    );
    for (const distance of this.lpips.distances(truth!, predicted!, this.size)) this.sum += distance;
    this.images += this.waiting;
    this.waiting = 0;
  }
}
