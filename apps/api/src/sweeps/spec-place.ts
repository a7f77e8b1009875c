import { LineCounter, parseDocument } from 'yaml';

/** Line and column of a value in the text, from 1; nothing when the text leaves it to its default. */
export function placeOf(yaml: string, path: string[]): { line?: number; column?: number } {
  const lines = new LineCounter();
  const node = parseDocument(yaml, { lineCounter: lines }).getIn(path, true);
  if (!node || typeof node !== 'object' || !('range' in node) || !Array.isArray(node.range)) return {};
  const { line, col } = lines.linePos(node.range[0] as number);
  return { line, column: col };
}
