/**
 * The tiles of a strip, each a bitmap of its own: enlarged from one common picture, a tile would take colour from its
 * neighbours along its edges.
 */
export interface Strip {
  side: number;
  tiles: ImageBitmap[];
}

/** Decoded strips kept; a strip of eight 128-pixel tiles takes 0.5 MB. */
const mostBytes = 256 * 1024 * 1024;
/** Prefetches under way at once: a browser opens six connections, and the live one and the user need theirs. */
const mostPrefetches = 3;

/**
 * Decoded strips of images by address, least recently used ones dropped. Decoding happens off the main thread, so that
 * scrubbing through epochs only draws.
 */
class StripCache {
  private readonly strips = new Map<string, Strip>();
  private readonly loading = new Map<string, Promise<Strip>>();
  private wanted: string[] = [];
  private prefetching = 0;
  private bytes = 0;

  /** The strip if it is there now. */
  peek(url: string): Strip | undefined {
    const strip = this.strips.get(url);
    if (strip) {
      this.strips.delete(url);
      this.strips.set(url, strip);
    }
    return strip;
  }

  async load(url: string): Promise<Strip> {
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

  private keep(url: string, strip: Strip): void {
    this.strips.set(url, strip);
    this.bytes += bytesOf(strip);
    for (const [oldest, dropped] of this.strips) {
      if (this.bytes <= mostBytes || oldest === url) return;
      // Not closed: a tile may still draw it. The garbage collector takes it when none does.
      this.strips.delete(oldest);
      this.bytes -= bytesOf(dropped);
    }
  }
}

export const stripCache = new StripCache();

const bytesOf = ({ side, tiles }: Strip) => side * side * 4 * tiles.length;

async function fetchStrip(url: string): Promise<Strip> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The picture ${url} is not there (${response.status}).`);
  const whole = await createImageBitmap(await response.blob());
  const side = whole.width;
  const count = Math.floor(whole.height / side);
  const tiles = await Promise.all(
    Array.from({ length: count }, (_, index) => createImageBitmap(whole, 0, index * side, side, side)),
  );
  whole.close();
  return { side, tiles };
}
