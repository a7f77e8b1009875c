import { stripVTControlCharacters } from 'node:util';
import type { Colors } from './output.js';

export interface Column<Row> {
  title: string;
  value(row: Row): string;
  /** Numbers end at the same column. */
  right?: boolean;
}

/** Rows under dim titles, columns aligned. */
export function table<Row>(rows: Row[], columns: Column<Row>[], colors: Colors): string {
  const cells = rows.map((row) => columns.map(({ value }) => value(row)));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => widthOf(row[index]!))),
  );
  const line = (row: string[]) =>
    row
      .map((cell, index) => {
        const space = ' '.repeat(widths[index]! - widthOf(cell));
        return columns[index]!.right ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return [colors.dim(line(columns.map(({ title }) => title))), ...cells.map(line)].join('\n');
}

/** "name  value" lines, values aligned. */
export function facts(pairs: [name: string, value: string | null | undefined][], colors: Colors): string {
  const shown = pairs.filter((pair): pair is [string, string] => Boolean(pair[1]));
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${colors.dim(name.padEnd(width))}  ${value}`).join('\n');
}

const widthOf = (cell: string) => stripVTControlCharacters(cell).length;
