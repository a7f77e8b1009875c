import type { SpecProblem } from '@chromatune/contracts';
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import type { EditorState, Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';
import { completeSpec } from './spec-completion.js';

interface Props {
  initial: string;
  problems: SpecProblem[];
  /** A problem that was clicked: the cursor goes to its place. */
  goTo: SpecProblem | null;
  onChange: (text: string) => void;
}

/** A YAML editor that marks problems and completes names and values of a sweep spec. */
export default function SpecEditor({ initial, problems, goTo, onChange }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latestOnChange = useRef(onChange);
  latestOnChange.current = onChange;

  useEffect(() => {
    if (!host.current) return;
    const editor = new EditorView({
      parent: host.current,
      doc: initial,
      extensions: [
        editing,
        EditorView.contentAttributes.of({ 'aria-label': 'Sweep spec in YAML', tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) latestOnChange.current(update.state.doc.toString());
        }),
      ],
    });
    view.current = editor;
    return () => editor.destroy();
  }, [initial]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    editor.dispatch(
      setDiagnostics(
        editor.state,
        problems.map((problem) => toDiagnostic(editor.state, problem)),
      ),
    );
  }, [problems]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !goTo) return;
    const { from } = toDiagnostic(editor.state, goTo);
    editor.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    editor.focus();
  }, [goTo]);

  return <div className="editor" ref={host} />;
}

/** Colours follow the theme of the page by its variables. */
const colors = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--code-key)' },
  { tag: [tags.string, tags.content, tags.literal], color: 'var(--text)' },
  { tag: tags.comment, color: 'var(--text-2)' },
  { tag: tags.keyword, color: 'var(--code-word)' },
]);

const editing: Extension = [
  lineNumbers(),
  lintGutter(),
  history(),
  drawSelection(),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  highlightActiveLine(),
  EditorView.lineWrapping,
  yaml(),
  syntaxHighlighting(colors),
  autocompletion({ override: [completeSpec], icons: false }), // their signs are in few fonts
  keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
];

/** From the problem's place to the end of its word, or of the line when it says no column. */
function toDiagnostic(state: EditorState, { line = 1, column, message }: SpecProblem): Diagnostic {
  const { from, to, text } = state.doc.line(Math.min(Math.max(1, line), state.doc.lines));
  const start = Math.min(to, from + (column ? column - 1 : text.search(/\S|$/)));
  const word = /^[^\s,}\]]+/.exec(text.slice(start - from))?.[0] ?? '';
  return { from: start, to: column ? Math.min(to, start + word.length) : to, severity: 'error', message };
}
