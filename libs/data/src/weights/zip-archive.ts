import { crc32 } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { WeightsError } from './weights-error.js';

/** torch.save writes an entry for each tensor: ResNet-152 has 932. */
const mostEntries = 20_000;
/** All that is unpacked of one zip together: 4 GiB, sixteen times the largest encoder. */
const mostUnpackedBytes = 4 * 1024 ** 3;

/** Entries of a zip, by name. Their content is read when asked for, whole, and never more than they declare. */
export class ZipArchive {
  private unpackedBytes = 0;

  private constructor(
    private readonly file: string,
    private readonly zip: ZipFile,
    private readonly entries: Map<string, Entry>,
  ) {}

  /** @throws WeightsError when the zip is damaged, or made to confuse readers */
  static async open(path: string): Promise<ZipArchive> {
    const zip = await yauzl
      .openPromise(path, { lazyEntries: true, autoClose: false })
      .catch((error: Error) => {
        throw unreadable(path, error);
      });
    try {
      if (zip.entryCount > mostEntries) throw new WeightsError(path, `it has ${zip.entryCount} entries`);
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) {
        if (entries.has(entry.fileName)) throw new WeightsError(path, `${entry.fileName} stands in it twice`);
        entries.set(entry.fileName, entry);
      }
      return new ZipArchive(path, zip, entries);
    } catch (error) {
      zip.close();
      throw error instanceof WeightsError ? error : unreadable(path, error as Error);
    }
  }

  get names(): string[] {
    return [...this.entries.keys()];
  }

  /** Bytes of an entry once unpacked, null when there is none of that name. */
  sizeOf(name: string): number | null {
    return this.entries.get(name)?.uncompressedSize ?? null;
  }

  /** @throws WeightsError when it is not there, longer than `mostBytes`, encrypted or damaged */
  async read(name: string, mostBytes: number): Promise<Uint8Array> {
    const entry = this.entry(name);
    const size = entry.uncompressedSize;
    if (size > mostBytes) throw new WeightsError(this.file, `its entry ${name} claims ${size} bytes`);
    const bytes = await this.unpack(entry, size);
    if (crc32(bytes) !== entry.crc32)
      throw new WeightsError(this.file, `the checksum of ${name} does not agree`);
    return bytes;
  }

  /** The first bytes of an entry, at most `length`. They are not compared with its checksum. */
  readStart(name: string, length: number): Promise<Uint8Array> {
    const entry = this.entry(name);
    return this.unpack(entry, Math.min(length, entry.uncompressedSize));
  }

  close(): void {
    this.zip.close();
  }

  private entry(name: string): Entry {
    const entry = this.entries.get(name);
    if (!entry) throw new WeightsError(this.file, `it has no entry ${name}`);
    if (entry.isEncrypted()) throw new WeightsError(this.file, `its entry ${name} is encrypted`);
    return entry;
  }

  /** yauzl ends the stream with an error as soon as more or less comes than the entry declares. */
  private async unpack(entry: Entry, length: number): Promise<Uint8Array> {
    this.unpackedBytes += length;
    if (this.unpackedBytes > mostUnpackedBytes) {
      throw new WeightsError(this.file, `it unpacks to more than ${mostUnpackedBytes} bytes`);
    }
    const bytes = new Uint8Array(length);
    let filled = 0;
    try {
      for await (const chunk of await this.zip.openReadStreamPromise(entry)) {
        const wanted = (chunk as Buffer).subarray(0, length - filled);
        bytes.set(wanted, filled);
        filled += wanted.length;
        if (filled === length && length < entry.uncompressedSize) break;
      }
    } catch (error) {
      throw unreadable(this.file, error as Error);
    }
    return bytes;
  }
}

const unreadable = (file: string, cause: Error) =>
  new WeightsError(file, `it cannot be read as a zip: ${cause.message.replace(/\.$/, '')}`, { cause });
