import { readFile } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';
import { DomainError } from '@chromatune/contracts';

/** A file inside a Qt resource file, for example `gcompris/src/activities/categorization/resource/images/fishes/fish1.webp`. */
export interface QtResource {
  path: string;
  bytes: Uint8Array;
}

/** No resource of a photograph is larger unpacked. */
const mostBytes = 64 * 1024 * 1024;
const mostNodes = 100_000;

/**
 * Reads all files of a Qt resource file (`.rcc`, format versions 1 to 3; raw or zlib contents).
 * @throws DomainError when it is damaged, or of a kind not known here
 */
export async function readQtResources(path: string): Promise<QtResource[]> {
  const file = await readFile(path);
  try {
    return [...new ResourceTree(file).files()];
  } catch (cause) {
    if (cause instanceof DomainError) throw cause;
    throw unreadable(path, (cause as Error).message, cause);
  }
}

class ResourceTree {
  private readonly tree: number;
  private readonly data: number;
  private readonly names: number;
  private readonly nodeBytes: number;
  private nodesSeen = 0;

  constructor(private readonly file: Buffer) {
    if (file.toString('latin1', 0, 4) !== 'qres') throw new Error('it does not begin as Qt resources do');
    const version = file.readUInt32BE(4);
    if (version < 1 || version > 3) throw new Error(`its format version is ${version}; known are 1 to 3`);
    this.tree = file.readUInt32BE(8);
    this.data = file.readUInt32BE(12);
    this.names = file.readUInt32BE(16);
    this.nodeBytes = version === 1 ? 14 : 22; // version 2 added the time of the last change
  }

  /** Depth first, in the order of the file. */
  *files(node = 0, folder = ''): Generator<QtResource> {
    if (++this.nodesSeen > mostNodes) throw new Error('its tree goes in circles');
    const at = this.tree + node * this.nodeBytes;
    const flags = this.file.readUInt16BE(at + 4);
    const path =
      node === 0 ? '' : `${folder}${folder && '/'}${this.nameAt(this.names + this.file.readUInt32BE(at))}`;
    if (flags & 2) {
      const children = this.file.readUInt32BE(at + 6);
      const first = this.file.readUInt32BE(at + 10);
      for (let child = 0; child < children; child++) yield* this.files(first + child, path);
    } else {
      yield { path, bytes: this.contentAt(this.data + this.file.readUInt32BE(at + 10), flags) };
    }
  }

  private nameAt(at: number): string {
    const length = this.file.readUInt16BE(at);
    const name = this.slice(at + 6, length * 2);
    return Buffer.from(name).swap16().toString('utf16le');
  }

  private contentAt(at: number, flags: number): Uint8Array {
    const content = this.slice(at + 4, this.file.readUInt32BE(at));
    if (flags & 4) throw new Error('its contents are compressed by zstd, which is not read here');
    return flags & 1 ? inflateSync(content.subarray(4), { maxOutputLength: mostBytes }) : content;
  }

  private slice(from: number, length: number): Buffer {
    if (from + length > this.file.length) {
      throw new Error(`${from + length} bytes expected, ${this.file.length} found`);
    }
    return this.file.subarray(from, from + length);
  }
}

function unreadable(path: string, what: string, cause: unknown): DomainError {
  return new DomainError('unreadable_qt_resources', 422, `${path} cannot be read: ${what}.`, {
    remedy: 'Download the package again.',
    cause,
  });
}
