import type { DomainError, ProblemField } from '@chromatune/contracts';
import type { Colors } from './output.js';

/** What happened, where, and what to do. */
export function errorText({ message, fields = [], remedy }: DomainError, colors: Colors): string {
  const lines = [`${colors.red('✖')} ${message}`, ...fields.map((field) => `  ${fieldText(field, colors)}`)];
  if (remedy) lines.push(`  ${colors.cyan('→')} ${remedy}`);
  return lines.join('\n');
}

export function fieldText({ path, message, line, column }: ProblemField, colors: Colors): string {
  const place = line === undefined ? path : `line ${line}${column === undefined ? '' : `:${column}`}`;
  return place ? `${colors.bold(place)}  ${message}` : message;
}
