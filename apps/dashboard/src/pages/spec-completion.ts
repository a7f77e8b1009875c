import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { sweepSpecJsonSchema } from '@chromatune/search';

interface Schema {
  properties?: Record<string, Schema>;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  type?: string;
}

const root = sweepSpecJsonSchema() as Schema;

/** Completes keys where a key stands and values after the colon, from the JSON schema of the sweep spec. */
export function completeSpec(context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(/[\w/.-]*/);
  if (!word || (word.from === word.to && !context.explicit)) return null;
  const before = context.state.sliceDoc(0, word.from);
  const { path, valueOf } = placeInYaml(before);
  const parent = schemaAt(path);
  const options = valueOf === null ? keysOf(parent) : valuesOf(parent?.properties?.[valueOf]);
  return options.length > 0 ? { from: word.from, options, validFor: /^[\w/.-]*$/ } : null;
}

/**
 * Where the end of a text stands in the nested keys of a YAML document, by indentation and by open braces.
 * `valueOf` is the key whose value is being written, null where a key is expected.
 */
export function placeInYaml(text: string): { path: string[]; valueOf: string | null } {
  const lines = text.split('\n');
  const current = (lines.pop() ?? '').replace(/^(\s*)- /, '$1  ');
  const path = enclosingKeys(lines, current);
  let pending: string | null = null;
  let key = '';
  for (const character of current.replace(/#.*$/, '')) {
    if (character === ':') {
      pending = key.trim();
      key = '';
    } else if (character === '{') {
      if (pending !== null) path.push(pending);
      pending = null;
      key = '';
    } else if (character === '}') {
      path.pop();
      pending = null;
    } else if (character === ',' && !isInList(current)) {
      pending = null;
      key = '';
    } else key += character;
  }
  return { path, valueOf: pending };
}

/** Keys of the lines above that are less and less indented. */
function enclosingKeys(lines: readonly string[], current: string): string[] {
  const keys: string[] = [];
  let indent = current.search(/\S|$/);
  for (const line of [...lines].reverse()) {
    const own = line.search(/\S/);
    const key = /^\s*([\w]+):\s*(#.*)?$/.exec(line)?.[1];
    if (own < 0 || own >= indent || line.trimStart().startsWith('#')) continue;
    indent = own;
    if (key) keys.unshift(key);
  }
  return keys;
}

const isInList = (line: string) => line.lastIndexOf('[') > line.lastIndexOf(']');

function schemaAt(path: readonly string[]): Schema | undefined {
  return path.reduce<Schema | undefined>((schema, key) => {
    const own = schema?.properties?.[key];
    if (own?.properties || !own?.anyOf) return own;
    // a parameter of `space`: its long forms are objects
    const objects = own.anyOf.filter(({ properties }) => properties);
    return {
      ...own,
      properties: Object.assign({}, ...objects.map(({ properties }) => properties)) as Schema['properties'] &
        object,
    };
  }, root);
}

const keysOf = (schema: Schema | undefined): Completion[] =>
  Object.entries(schema?.properties ?? {}).map(([label, { description }]) => ({
    label,
    type: 'property',
    apply: `${label}: `,
    ...(description ? { info: description } : {}),
  }));

function valuesOf(schema: Schema | undefined): Completion[] {
  if (!schema) return [];
  const own = schema.enum ?? (schema.const === undefined ? [] : [schema.const]);
  const values = schema.type === 'boolean' ? [true, false] : own;
  const options = values.map((value): Completion => ({ label: String(value), type: 'constant' }));
  const nested = (schema.anyOf ?? []).flatMap(valuesOf);
  return [...new Map([...options, ...nested].map((option) => [option.label, option])).values()];
}
