import { z } from 'zod';

/** A whole number in an address, as large as Postgres keeps them. */
export const wholeNumber = (least: number) =>
  z.coerce
    .number()
    .int()
    .min(least)
    .max(2 ** 31 - 1);
