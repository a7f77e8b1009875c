/** What may stand in the header of an npy file: the part of Python's literals that numpy writes there. */
export type PythonLiteral =
  | { type: 'str'; value: string }
  | { type: 'int'; value: number }
  | { type: 'bool'; value: boolean }
  | { type: 'none' }
  | { type: 'tuple' | 'list'; value: PythonLiteral[] }
  | { type: 'dict'; value: Map<string, PythonLiteral> };

const deepest = 8;

/** Parses one Python literal that fills `text`. Nothing is evaluated. @throws SyntaxError with the place */
export function parsePythonLiteral(text: string): PythonLiteral {
  const reader = new Reader(text);
  const literal = readLiteral(reader, 0);
  reader.skipSpace();
  if (!reader.atEnd) throw reader.error('something follows the dictionary');
  return literal;
}

function readLiteral(reader: Reader, depth: number): PythonLiteral {
  if (depth > deepest) throw reader.error('it is nested too deeply');
  const start = reader.peek();
  if (start === '{') return readDict(reader, depth);
  if (start === '(') return readTuple(reader, depth);
  if (start === '[') return { type: 'list', value: readItems(reader, '[', ']', depth).items };
  if (start === "'" || start === '"') return { type: 'str', value: readString(reader) };
  const word = reader.take(/(True|False|None)\b/y);
  if (word) return word === 'None' ? { type: 'none' } : { type: 'bool', value: word === 'True' };
  const digits = reader.take(/-?[0-9]{1,20}L?/y); // Python 2 wrote long integers as 313L
  if (digits) return { type: 'int', value: Number(digits.replace('L', '')) };
  throw reader.error('a value was expected');
}

/** (3) is a number in brackets, (3,) and () are tuples. */
function readTuple(reader: Reader, depth: number): PythonLiteral {
  const { items, commas } = readItems(reader, '(', ')', depth);
  return items.length === 1 && commas === 0 ? items[0]! : { type: 'tuple', value: items };
}

function readItems(reader: Reader, open: string, close: string, depth: number) {
  reader.expect(open);
  const items: PythonLiteral[] = [];
  let commas = 0;
  while (reader.peek() !== close) {
    items.push(readLiteral(reader, depth + 1));
    if (reader.peek() !== ',') break;
    reader.expect(',');
    commas++;
  }
  reader.expect(close);
  return { items, commas };
}

function readDict(reader: Reader, depth: number): PythonLiteral {
  reader.expect('{');
  const value = new Map<string, PythonLiteral>();
  while (reader.peek() !== '}') {
    const key = readString(reader);
    if (value.has(key)) throw reader.error(`the key ${key} stands twice`);
    reader.expect(':');
    value.set(key, readLiteral(reader, depth + 1));
    if (reader.peek() !== ',') break;
    reader.expect(',');
  }
  reader.expect('}');
  return { type: 'dict', value };
}

function readString(reader: Reader): string {
  const quoted = reader.take(/[ub]?('[^'\\\n]*'|"[^"\\\n]*")/y);
  if (!quoted) throw reader.error('a text in quotes was expected');
  return quoted.replace(/^[ub]/, '').slice(1, -1);
}

class Reader {
  private position = 0;

  constructor(private readonly text: string) {}

  get atEnd(): boolean {
    return this.position >= this.text.length;
  }

  skipSpace(): void {
    this.take(/[ \t\r\n]+/y, true);
  }

  peek(): string {
    this.skipSpace();
    return this.text[this.position] ?? '';
  }

  take(pattern: RegExp, raw = false): string | null {
    if (!raw) this.skipSpace();
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.text)?.[0] ?? null;
    if (match) this.position += match.length;
    return match;
  }

  expect(character: string): void {
    if (this.peek() !== character) throw this.error(`"${character}" was expected`);
    this.position++;
  }

  error(what: string): SyntaxError {
    return new SyntaxError(`${what} at character ${this.position + 1}`);
  }
}
