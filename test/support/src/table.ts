/** One line of figures, by column. Units stand in the names of the columns. */
export type Row = Record<string, string | number>;

/** Rows as lines of text in columns; numbers to the right, three digits of them, what a row lacks left blank. */
export function table(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => cell(row[column])))];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const isNumber = columns.map((column) => rows.some((row) => typeof row[column] === 'number'));
  return lines
    .map((line) =>
      line
        .map((text, column) =>
          isNumber[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const cell = (value: string | number | undefined): string =>
  typeof value === 'number' ? threeDigits(value) : (value ?? '');

/** 0.0123, 1.23, 12.3, 123, 12345: three digits, but never fewer than the whole part has. */
export function threeDigits(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  const size = Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.min(20, Math.max(0, 2 - size)));
}
