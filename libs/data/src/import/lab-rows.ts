import { type NpyArray } from '../npy/npy-bytes.js';
import { NpyError } from '../npy/npy-error.js';
import { type NpyFile, type NpyPlace, openNpy } from '../npy/npy-file.js';
import { ImportError } from './import-options.js';

/** L and ab of the same images in npy files: one of L, and one or more of ab that follow each other. */
export class LabRows {
  private constructor(
    /** Rows that have both L and ab. */
    readonly rows: number,
    /** Side of the square images. */
    readonly size: number,
    private readonly l: NpyFile,
    private readonly parts: { file: NpyFile; start: number }[],
  ) {}

  /**
   * Opens the files and compares them. With `limit`, only as many rows must be there.
   * @throws ImportError when rows or sides do not agree; NpyError when a file is none
   */
  static async open(l: NpyPlace, ab: NpyPlace[], limit?: number): Promise<LabRows> {
    const opened: NpyFile[] = [];
    try {
      for (const place of [l, ...ab]) opened.push(await openNpy(place));
      const [lightness, ...colors] = opened as [NpyFile, ...NpyFile[]];
      const size = checkSides(lightness, colors);
      const rows = checkRows(lightness, colors, limit);
      let start = 0;
      const parts = colors.map((file) => ({ file, start: (start += file.rows) - file.rows }));
      return new LabRows(rows, size, lightness, parts);
    } catch (error) {
      await Promise.all(opened.map((file) => file.close()));
      throw error;
    }
  }

  /** Whether rows that lie far apart are as cheap to read together as alone: a Fortran-ordered file has to be passed anyway. */
  get readsInStrides(): boolean {
    return [this.l, ...this.parts.map(({ file }) => file)].some(({ header }) => header.fortranOrder);
  }

  /** L (n, size, size) and ab (n, size, size, 2) of the rows `from` to `to` - 1. */
  async read(from: number, to: number): Promise<{ l: Uint8Array; ab: Uint8Array }> {
    const pixels = this.size * this.size;
    const l = toBytes(await this.l.readRows(from, to), this.l.path);
    const ab = new Uint8Array((to - from) * pixels * 2);
    for (const { file, start } of this.parts) {
      const first = Math.max(from, start);
      const last = Math.min(to, start + file.rows);
      if (first >= last) continue;
      const rows = toBytes(await file.readRows(first - start, last - start), file.path);
      ab.set(rows, (first - from) * pixels * 2);
    }
    return { l, ab };
  }

  async close(): Promise<void> {
    await Promise.all([this.l, ...this.parts.map(({ file }) => file)].map((file) => file.close()));
  }
}

function checkSides(l: NpyFile, colors: NpyFile[]): number {
  const [, height = 0, width = 0, ...rest] = l.header.shape;
  if (l.header.shape.length < 3 || (rest.length > 0 && rest.join() !== '1')) {
    throw wrongShape(l, 'L needs the shape (rows, height, width)');
  }
  if (height !== width || height < 16)
    throw wrongShape(l, 'only squares of 16 pixels and more can be imported');
  for (const file of colors) {
    if (file.header.shape.slice(1).join() !== `${height},${width},2`) {
      throw wrongShape(file, `ab needs the shape (rows, ${height}, ${width}, 2), like L`);
    }
  }
  return height;
}

function checkRows(l: NpyFile, colors: NpyFile[], limit?: number): number {
  const colored = colors.reduce((sum, file) => sum + file.rows, 0);
  const both = Math.min(l.rows, colored);
  if (limit !== undefined && limit <= both) return limit;
  if (l.rows === colored) return both;
  const names = colors.map(({ path }) => path).join(' + ');
  throw new ImportError(
    'rows_do_not_agree',
    `${l.path} has ${l.rows} rows, ${names} ${colored}: they do not belong together.`,
    `Name all ab files, in the order of their rows. To use only the first ${both} rows, add --limit ${both}.`,
  );
}

function wrongShape(file: NpyFile, rule: string): ImportError {
  const message = `${file.path} has the shape (${file.header.shape.join(', ')}): ${rule}.`;
  return new ImportError(
    'wrong_shape',
    message,
    'Check that L and ab are not swapped, and that each file is whole.',
  );
}

/** Numbers of 0 to 255 to bytes, whatever type they have. */
function toBytes(numbers: NpyArray, path: string): Uint8Array {
  if (numbers instanceof Uint8Array) return numbers;
  const bytes = new Uint8Array(numbers.length);
  for (let index = 0; index < bytes.length; index++) {
    const value = Number(numbers[index]);
    if (!(value >= 0 && value <= 255)) {
      throw new NpyError(path, `it holds ${value}, but 8-bit Lab has 0 to 255`, {
        remedy: "Save it in OpenCV's 8-bit convention: L * 255 / 100, a + 128, b + 128.",
      });
    }
    bytes[index] = value + 0.5;
  }
  return bytes;
}
