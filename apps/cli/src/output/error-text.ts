import type { DomainError, ProblemField } from '@chromatune/contracts';
import type { Colors } from './output.js';

const mostFields = 10;

/** What happened, where, and what to do. */
export function errorText({ message, fields = [], remedy }: DomainError, colors: Colors): string {
  const news = fields.length === 1 && message.includes(fields[0]!.message) ? [] : fields;
  const lines = [`${colors.red('✖')} ${message}`, ...fieldsText(news, colors)];
  if (remedy) lines.push(`  ${colors.cyan('→')} ${remedy}`);
  return lines.join('\n');
}

/** One line each; what is not a sweep at all has a problem on every line. */
export function fieldsText(fields: ProblemField[], colors: Colors): string[] {
  const lines = fields.slice(0, mostFields).map((field) => `  ${fieldText(field, colors)}`);
  return fields.length > mostFields ? [...lines, `  … and ${fields.length - mostFields} more`] : lines;
}

export function fieldText({ path, message, line, column }: ProblemField, colors: Colors): string {
  const place = line === undefined ? path : `line ${line}${column === undefined ? '' : `:${column}`}`;
  return place ? `${colors.bold(place)}  ${message}` : message;
}
