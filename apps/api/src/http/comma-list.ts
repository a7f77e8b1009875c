import { z } from 'zod';

/** A list in an address: `?runs=a,b,c`. */
export const commaList = <T extends z.ZodType<unknown, string>>(item: T, most: number) =>
  z
    .string()
    .transform((text) => text.split(',').filter(Boolean))
    .pipe(z.array(item).max(most));
