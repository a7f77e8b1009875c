import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { importSynthetic, openNpy } from '@chromatune/data';

/** Side of the Kaggle set's images, in pixels. */
const side = 224;
const pixels = side * side;
/** Different pictures; they are repeated, because drawing 25,000 would take half an hour and compute the same. */
const mostPictures = 400;

/** Bytes of the layout with this many rows, without its headers of some hundred bytes. */
export const layoutBytes = (rows: number): number => rows * pixels * 3;

/**
 * Writes files as the Kaggle set has them, `l/gray_scale.npy` and `ab/ab/ab1.npy` to `ab3.npy` with 2/5, 2/5 and 1/5 of the
 * rows (10000, 10000 and 5000 of 25000), in OpenCV's 8-bit Lab. They hold drawn scenes, whose colours are possible ones
 * that belong to their L, as the importer checks.
 */
export async function writeKaggleLayout(folder: string, rows: number): Promise<void> {
  const pictures = await drawPictures(
    path.join(folder, 'pictures'),
    Math.min(mostPictures, Math.max(3, rows)),
  );
  await mkdir(path.join(folder, 'l'), { recursive: true });
  await mkdir(path.join(folder, 'ab/ab'), { recursive: true });
  const ends = [0, Math.floor(rows * 0.4), Math.floor(rows * 0.8), rows];

  await writeRows(path.join(folder, 'l/gray_scale.npy'), pictures.l, { from: 0, to: rows, channels: 1 });
  for (const part of [1, 2, 3]) {
    const range = { from: ends[part - 1]!, to: ends[part]!, channels: 2 };
    await writeRows(path.join(folder, `ab/ab/ab${part}.npy`), pictures.ab, range);
  }
}

/** The importer of synthetic scenes draws them, and its shards hold their L and ab one after the other. */
async function drawPictures(workFolder: string, count: number): Promise<{ l: Uint8Array; ab: Uint8Array }> {
  const { manifest, files } = await importSynthetic({
    name: 'pictures',
    workFolder,
    scenes: count,
    imageSize: side,
    cropsPerPhoto: 1,
  });
  const read = async (name: string): Promise<Uint8Array> => {
    const file = await openNpy(files.get(name)!);
    const rows = (await file.readRows(0, file.rows)) as Uint8Array;
    await file.close();
    return rows;
  };
  return {
    l: Buffer.concat(await Promise.all(manifest.shards.map(({ l }) => read(l.name)))),
    ab: Buffer.concat(await Promise.all(manifest.shards.map(({ ab }) => read(ab.name)))),
  };
}

/** Rows `from` to `to` - 1 of a set in which the pictures come again and again. */
async function writeRows(
  file: string,
  pictures: Uint8Array,
  { from, to, channels }: { from: number; to: number; channels: number },
): Promise<void> {
  const rowBytes = pixels * channels;
  const count = pictures.length / rowBytes;
  const handle = await open(file, 'w');
  try {
    await handle.write(npyHeader([to - from, side, side, ...(channels > 1 ? [channels] : [])]));
    for (let row = from; row < to;) {
      const picture = row % count;
      const rows = Math.min(count - picture, to - row);
      const { bytesWritten } = await handle.write(pictures, picture * rowBytes, rows * rowBytes);
      if (bytesWritten !== rows * rowBytes)
        throw new Error(`${file}: the disk took only a part of what was written.`);
      row += rows;
    }
  } finally {
    await handle.close();
  }
}

/** Version 1 of the format, as numpy writes it for unsigned bytes. */
function npyHeader(shape: number[]): Buffer {
  const fields = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const text = `${fields.padEnd(Math.ceil((10 + fields.length + 1) / 64) * 64 - 11)}\n`;
  const start = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  start.writeUInt16LE(text.length, 8);
  return Buffer.concat([start, Buffer.from(text, 'latin1')]);
}
