/** Decoded strips kept; a strip of eight 128-pixel tiles takes 0.5 MB. */
const mostBytes = 256 * 1024 * 1024;
/** Prefetches under way at once: a browser opens six connections, and the live one and the user need theirs. */
const mostPrefetches = 3;

/**
 * Decoded strips of images by address, least recently used ones dropped. Decoding happens off the main thread, so that
 * scrubbing through epochs only draws.
 */
class StripCache {
  private readonly strips = new Map<string, ImageBitmap>();
  private readonly loading = new Map<string, Promise<ImageBitmap>>();
  private wanted: string[] = [];
  private prefetching = 0;
  private bytes = 0;

  /** The strip if it is there now. */
  peek(url: string): ImageBitmap | undefined {
    const strip = this.strips.get(url);
    if (strip) {
      this.strips.delete(url);
      this.strips.set(url, strip);
    }
    return strip;
  }

  async load(url: string): Promise<ImageBitmap> {
    const ready = this.peek(url);
    if (ready) return ready;
    const underWay = this.loading.get(url);
    if (underWay) return underWay;

    const loading = fetchStrip(url).finally(() => this.loading.delete(url));
    this.loading.set(url, loading);
    const strip = await loading;
    this.keep(url, strip);
    return strip;
  }

  /** Replaces what is fetched ahead, most urgent first. */
  prefetch(urls: string[]): void {
    this.wanted = urls.filter((url) => !this.strips.has(url) && !this.loading.has(url));
    this.prefetchNext();
  }

  private prefetchNext(): void {
    while (this.prefetching < mostPrefetches) {
      const url = this.wanted.shift();
      if (url === undefined) return;
      this.prefetching += 1;
      this.load(url)
        .catch(() => undefined) // whoever shows it will say so
        .finally(() => {
          this.prefetching -= 1;
          this.prefetchNext();
        });
    }
  }

  private keep(url: string, strip: ImageBitmap): void {
    this.strips.set(url, strip);
    this.bytes += sizeOf(strip);
    for (const [oldest, { width, height }] of this.strips) {
      if (this.bytes <= mostBytes || oldest === url) return;
      // Not closed: a tile may still draw it. The garbage collector takes it when none does.
      this.strips.delete(oldest);
      this.bytes -= width * height * 4;
    }
  }
}

export const stripCache = new StripCache();

const sizeOf = ({ width, height }: ImageBitmap) => width * height * 4;

async function fetchStrip(url: string): Promise<ImageBitmap> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The picture ${url} is not there (${response.status}).`);
  return createImageBitmap(await response.blob());
}
