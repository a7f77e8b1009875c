import {
  modelParameters,
  type SpecProblem,
  type SweepSpec,
  sweepSpec,
  trainingParameters,
} from '@chromatune/contracts';
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Pair,
  parseDocument,
  Parser,
} from 'yaml';
import { z } from 'zod';
import { describeAllowed, shown, type ValueSchema } from './allowed.js';
import { checkSpace, isParameter, unknownKey, wrongValue } from './check-space.js';
import { specProblems } from './check-spec.js';
import { type LocatedProblem, toSpecProblem } from './located-problem.js';

/** A spec that can be launched, or everything that is wrong with it. */
export type SpecReading = { spec: SweepSpec; problems: [] } | { spec: null; problems: SpecProblem[] };

/**
 * Reads a sweep spec from YAML (or JSON, which is YAML). Every problem says what is wrong, what is allowed, and stands
 * at the line and column of the key or value it is about, both counted from 1. Never throws.
 */
export function readSpec(text: string): SpecReading {
  const unreadable = findZero(text) ?? findDeepNesting(text);
  if (unreadable) return failed([unreadable]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) return failed(document.errors.map((error) => syntaxProblem(error, lines)));

  const written = toValue(document);
  if (written instanceof Error) return failed([{ path: '', line: 1, column: 1, message: written.message }]);
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    return failed([{ path: '', line: 1, column: 1, message: notASweep(text) }]);
  }
  const problems = findProblems(written);
  if (problems.length > 0) return failed(problems.map((problem) => locate(problem, document, lines)));
  return { spec: sweepSpec.parse(written), problems: [] };
}

const failed = (problems: SpecProblem[]): SpecReading => ({
  spec: null,
  problems: problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
});

function findProblems(written: object): LocatedProblem[] {
  const parsed = sweepSpec.safeParse(written);
  if (parsed.success) return specProblems(parsed.data);
  const ofShape = parsed.error.issues
    .filter(({ path }) => path[0] !== 'space') // checkSpace says it better
    .flatMap((issue) => explainIssue(issue, written));
  return [...ofShape, ...checkSpace((written as { space?: unknown }).space)];
}

function explainIssue(issue: z.core.$ZodIssue, written: object): LocatedProblem[] {
  const path = issue.path as (string | number)[];
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schemaAt(path)?.properties ?? {});
    return issue.keys.map((key) => ({
      path: [...path, key],
      atKey: true,
      message: misplaced(key, path) ?? unknownKey(key, known, path.join('.') || 'a sweep'),
    }));
  }
  const name = path.at(-1);
  const value = valueAt(written, path);
  if (value === undefined) return [{ path, atKey: true, message: missing(path) }];
  if (path.length === 2 && isParameter(String(name))) {
    const [section] = path;
    if (section === 'model' || section === 'training') {
      return [{ path, message: wrongValue(name as Parameters<typeof wrongValue>[0], value) }];
    }
  }
  if (path[0] === 'dataset' && typeof value === 'string') return [{ path, message: wrongDataset(value) }];
  const schema = schemaAt(path);
  const what = schema ? `must be ${describeAllowed(schema)}, not ${shown(value)}` : issue.message;
  return [{ path, message: `${path.join('.')} ${what}.` }];
}

const wrongDataset = (value: string) =>
  `${shown(value)} is not a dataset name: use lower-case letters, digits, ".", "_" and "-", and for a certain version name@digest.`;

function missing(path: (string | number)[]): string {
  const schema = schemaAt(path);
  const meaning = schema?.description ? ` ${schema.description}` : '';
  return `${path.join('.')} is missing: ${schema ? describeAllowed(schema) : 'it is required'}.${meaning}`;
}

/** A known key in the wrong place: `epochs` outside `budget`, `learningRate` under `model`. */
function misplaced(key: string, path: (string | number)[]): string | null {
  const homes = Object.entries(specSchema.properties ?? {})
    .filter(([section, { properties }]) => section !== path[0] && properties && key in properties)
    .map(([section]) => section);
  if (homes.length === 0) return null;
  const isKnob = key in modelParameters || key in trainingParameters;
  const where = homes.join(' or ');
  return isKnob
    ? `${key} belongs under ${where} (one value for all runs) or under space (to vary it).`
    : `${key} belongs under ${where}.`;
}

const specSchema = z.toJSONSchema(sweepSpec, { io: 'input' }) as ValueSchema & { description?: string };

function schemaAt(path: (string | number)[]): (ValueSchema & { description?: string }) | undefined {
  return path.reduce<ValueSchema | undefined>((schema, key) => schema?.properties?.[key], specSchema);
}

const valueAt = (written: unknown, path: (string | number)[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], written);

function toValue(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return new Error(`The YAML cannot be read: ${(error as Error).message}.`);
  }
}

const notASweep = (text: string) =>
  text.trim() === ''
    ? 'The spec is empty. A sweep needs name, dataset and budget; see examples/first-sweep.yaml.'
    : 'A sweep must be a group of keys like "name: …" and "dataset: …"; see examples/first-sweep.yaml.';

interface YamlError {
  code: string;
  message: string;
  pos: [number, number];
}

function syntaxProblem({ code, message, pos }: YamlError, lines: LineCounter): SpecProblem {
  const { line, col } = lines.linePos(pos[0]);
  const what =
    code === 'MULTIPLE_DOCS'
      ? 'A second document begins here, and a file describes one sweep.'
      : `This is not valid YAML: ${message.split('\n')[0]}.`;
  return { path: '', line, column: col, message: what };
}

/** YAML knows no character zero, its reader takes it all the same, and Postgres keeps no text with it. */
function findZero(text: string): SpecProblem | null {
  const before = text.split('\0', 2)[0]!;
  if (before === text) return null;
  const lines = before.split('\n');
  const column = lines.at(-1)!.length + 1;
  return { path: '', line: lines.length, column, message: 'The character zero has no place in a sweep.' };
}

/** A sweep has a handful of levels. Thousands make the reader of YAML, which calls itself for each, end the whole process. */
const deepestNesting = 100;

function findDeepNesting(text: string): SpecProblem | null {
  const lines = new LineCounter();
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    Array.from(parser.next(lexeme)); // what it yields is read later
    if (parser.stack.length > deepestNesting) {
      const { line, col } = lines.linePos(parser.offset - lexeme.length);
      return { path: '', line, column: col, message: 'This is nested too deeply to be a sweep.' };
    }
  }
  return null;
}

function locate(problem: LocatedProblem, document: Document, lines: LineCounter): SpecProblem {
  const { line, col } = lines.linePos(offsetOf(problem, document));
  return { ...toSpecProblem(problem), line, column: col };
}

/** Where in the text a path stands: its value or its key, or what encloses it where the path itself is missing. */
function offsetOf({ path, atKey }: LocatedProblem, document: Document): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const [depth, key] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => keyText(item) === String(key));
      if (!pair) return offset;
      const keyOffset = startOf(pair.key) ?? offset;
      const isLast = depth === path.length - 1;
      offset = isLast && atKey ? keyOffset : (startOf(pair.value) ?? keyOffset);
      node = pair.value;
      // an enclosing group is pointed at by its key, which says more than the place of its first member
      if (!isLast && (isMap(node) || isSeq(node))) offset = keyOffset;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

const keyText = ({ key }: Pair) => (isScalar(key) ? String(key.value) : String(key));

function startOf(node: unknown): number | undefined {
  const range = (node as { range?: [number, number, number] | null } | null)?.range;
  return range?.[0];
}
