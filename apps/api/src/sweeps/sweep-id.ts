import { randomInt } from 'node:crypto';

/** Without characters that people confuse when they read an id aloud: i l o u 0 1. */
const alphabet = '23456789abcdefghjkmnpqrstvwxyz';

/** `s7k3m9q2`: 30^7 of them, and the database refuses a second one. */
export const newSweepId = () =>
  `s${Array.from({ length: 7 }, () => alphabet[randomInt(alphabet.length)]).join('')}`;
