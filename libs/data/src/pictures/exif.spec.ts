import { describe, expect, it } from 'vitest';
import { exifOfUpright, insertExif } from './exif.js';

describe('EXIF of a picture that stands upright', () => {
  it.each([
    ['as a JPEG has it', 'Exif\0\0'],
    ['as other formats have it', ''],
  ])('has no other orientation and no small picture, %s', (_case, head) => {
    for (const isLittle of [true, false]) {
      const kept = exifOfUpright(Buffer.concat([Buffer.from(head, 'latin1'), tiff(isLittle, 6, 1234)]));

      expect(kept).toEqual(Uint8Array.from(tiff(isLittle, 1, 0)));
    }
  });

  it('is left out when it is damaged', () => {
    const whole = tiff(true, 6, 0);

    expect(exifOfUpright(whole.subarray(0, whole.length - 1))).toBeNull();
    expect(exifOfUpright(whole.subarray(0, 5))).toBeNull();
    expect(exifOfUpright(Buffer.from('no EXIF at all'))).toBeNull();
    expect(exifOfUpright(new Uint8Array(0))).toBeNull();
  });

  it('is left out of a JPEG that has no room for it', () => {
    const picture = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9);

    expect(insertExif(picture, 'jpeg', new Uint8Array(0xffff))).toEqual(picture);
    expect(insertExif(picture, 'jpeg', new Uint8Array(0xffff - 8))).toHaveLength(4 + 2 + 0xffff);
  });
});

/** With an orientation, and where the tags of a small picture lie. */
function tiff(isLittle: boolean, orientation: number, next: number): Buffer {
  const file = new DataView(new ArrayBuffer(8 + 2 + 12 + 4));
  file.setUint16(0, isLittle ? 0x4949 : 0x4d4d);
  file.setUint16(2, 42, isLittle);
  file.setUint32(4, 8, isLittle);
  file.setUint16(8, 1, isLittle);
  file.setUint16(10, 0x0112, isLittle);
  file.setUint16(12, 3, isLittle); // SHORT
  file.setUint32(14, 1, isLittle);
  file.setUint16(18, orientation, isLittle);
  file.setUint32(22, next, isLittle);
  return Buffer.from(file.buffer);
}
