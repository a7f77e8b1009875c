import { InvalidArgumentError } from 'commander';

/** For options that name something: an empty text is a variable of a script that was never set. */
export function readText(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('It must not be empty.');
}
