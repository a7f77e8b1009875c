/** Who may do what with the files that match: a `Files` paragraph of a Debian copyright file. */
export interface CopyrightParagraph {
  patterns: string[];
  authors: string[];
  licence: string;
}

/** Reads the `Files` paragraphs of a Debian copyright file (format 1.0), or of a README in its manner, in their order. */
export function parseDebianCopyright(text: string): CopyrightParagraph[] {
  return text
    .split(/\r?\n[ \t]*\r?\n/)
    .map(fieldsOf)
    .filter((fields) => fields.has('files'))
    .map((fields) => ({
      patterns: (fields.get('files') ?? '').split(/\s+/).filter(Boolean),
      authors: (fields.get('copyright') ?? '').split('\n').map(authorOf).filter(Boolean),
      licence: (fields.get('license') ?? '').split('\n')[0]!.trim() || 'unknown',
    }));
}

/**
 * The paragraph that a file falls under: the last one that matches, as the format says. Packages convert pictures when they
 * are built, so a name counts as the same with another ending (`fish1.jpg` became `fish1.webp`), and they move them, so
 * where nothing but `*` matches, a paragraph that names a file of the same name counts.
 */
export function copyrightOf(path: string, paragraphs: CopyrightParagraph[]): CopyrightParagraph | null {
  const stem = withoutEnding(path);
  const name = stem.split('/').at(-1);
  const lastWith = (matches: (pattern: string) => boolean) =>
    paragraphs.findLast(({ patterns }) => patterns.some((pattern) => matches(withoutEnding(pattern))));
  return (
    lastWith((pattern) => pattern !== '*' && endsOf(stem).some((end) => globOf(pattern).test(end))) ??
    lastWith((pattern) => pattern.split('/').at(-1) === name) ??
    lastWith((pattern) => pattern === '*') ??
    null
  );
}

/** `a/b/c`, `b/c` and `c`: a pattern is written from the root of the source, a path from somewhere inside of it. */
function endsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(index).join('/'));
}

const globs = new Map<string, RegExp>();
function globOf(pattern: string): RegExp {
  let glob = globs.get(pattern);
  if (!glob) {
    const escaped = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '.*')
      .replace(/\?/g, '.');
    glob = new RegExp(`^${escaped}$`, 's');
    globs.set(pattern, glob);
  }
  return glob;
}

const withoutEnding = (path: string) => path.replace(/\.[a-z0-9]{2,4}$/i, '');

/** Fields of a paragraph: other lines belong to the field above. (The format indents them; READMEs like it do not.) */
function fieldsOf(paragraph: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name = '';
  for (const line of paragraph.split('\n')) {
    const start = /^([A-Za-z-]+):(.*)$/.exec(line);
    if (start) fields.set((name = start[1]!.toLowerCase()), start[2]!);
    else if (name) fields.set(name, `${fields.get(name)}\n${line}`);
  }
  return fields;
}

/** "2008, Charles Barbin <barbinch@free.fr>" is Charles Barbin. */
function authorOf(line: string): string {
  return line
    .replace(/<[^>]*>/g, '')
    .replace(/(^|[\s,])\d{4}(\s*-\s*\d{4})?[.,]?(?=\s|$|,)/g, ' ')
    .replace(/[´"]/g, '')
    .replace(/^\s*(,|by\b)/, '')
    .replace(/\s+/g, ' ')
    .replace(/^[\s,.]+|[\s,]+$/g, '')
    .trim();
}
