import { DomainError } from '@chromatune/contracts';

/** A manifest that credits 100,000 photographs has half as many. */
const mostParts = 1_000_000;

/**
 * Refuses JSON of more members and elements than anything that is sent here has: millions of them, in a text of a few
 * megabytes, would keep the API from every other answer for minutes and take all its memory.
 * @throws DomainError
 */
export function refuseManyParts(text: Uint8Array): void {
  let parts = 0;
  for (const byte of text) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) parts++; // , [ {
  if (parts <= mostParts) return;
  throw new DomainError('too_large', 413, 'The request has too many parts.', {
    remedy: `JSON may have ${mostParts.toLocaleString('en')} members and elements here. Split the data into several datasets.`,
  });
}
