import { crc32 } from 'node:zlib';
import { type PictureFormat } from '@chromatune/contracts';

/** Before the TIFF in a JPEG; other formats leave it out. */
const jpegHead = Buffer.from('Exif\0\0', 'latin1');
const orientationTag = 0x0112;
const upright = 1;

/**
 * What camera and people wrote about a photograph (EXIF, which is a TIFF of tags), for a picture of it that stands upright
 * already and has other colours: without its orientation, and without the small picture in it. Null when it is damaged.
 */
export function exifOfUpright(exif: Uint8Array): Uint8Array | null {
  const tiff = Uint8Array.from(exif.subarray(beginsWith(exif, jpegHead) ? jpegHead.length : 0));
  const isLittle = beginsWith(tiff, Buffer.from('II*\0', 'latin1'));
  if (!isLittle && !beginsWith(tiff, Buffer.from('MM\0*', 'latin1'))) return null;
  const view = new DataView(tiff.buffer);
  try {
    const tags = view.getUint32(4, isLittle);
    const end = tags + 2 + view.getUint16(tags, isLittle) * 12;
    for (let at = tags + 2; at < end; at += 12) {
      if (view.getUint16(at, isLittle) === orientationTag) view.setUint16(at + 8, upright, isLittle);
    }
    view.setUint32(end, 0, isLittle); // where the tags of the small picture begin
    return tiff;
  } catch {
    return null; // it ends before its tags do
  }
}

/** Puts EXIF into an encoded picture: sharp only takes it from another encoded one. What a JPEG has no room for is left out. */
export function insertExif(picture: Uint8Array, format: PictureFormat, tiff: Uint8Array): Uint8Array {
  if (format === 'png') return insertAt(picture, afterPngHeader, pngChunk('eXIf', tiff));
  const bytes = 2 + jpegHead.length + tiff.length;
  return bytes > 0xffff
    ? picture
    : insertAt(picture, afterJpegStart, Buffer.of(0xff, 0xe1, bytes >> 8, bytes & 0xff), jpegHead, tiff);
}

/** Its start marker. */
const afterJpegStart = 2;
/** Its signature and the chunk IHDR. */
const afterPngHeader = 8 + 25;

/** Length, name, content, and the checksum of the latter two. */
function pngChunk(name: string, content: Uint8Array): Uint8Array {
  const chunk = Buffer.alloc(12 + content.length);
  chunk.writeUInt32BE(content.length, 0);
  chunk.write(name, 4, 'latin1');
  chunk.set(content, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + content.length)), 8 + content.length);
  return chunk;
}

const insertAt = (bytes: Uint8Array, at: number, ...parts: Uint8Array[]) =>
  Buffer.concat([bytes.subarray(0, at), ...parts, bytes.subarray(at)]);

const beginsWith = (bytes: Uint8Array, start: Uint8Array) =>
  Buffer.compare(bytes.subarray(0, start.length), start) === 0;
