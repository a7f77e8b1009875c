import type { DomainError } from '@chromatune/contracts';
import pc from 'picocolors';
import { errorText } from './error-text.js';

export interface Stream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export type Colors = ReturnType<typeof pc.createColors>;

/** Results on stdout, in words or (with --json) as one JSON document; progress, notes and errors on stderr. */
export class Output {
  readonly colors: Colors;
  /** Whether lines may be drawn over. */
  readonly isTerminal: boolean;

  constructor(
    private readonly stdout: Stream,
    readonly stderr: Stream,
    readonly json: boolean,
  ) {
    this.isTerminal = Boolean(stderr.isTTY) && !json;
    this.colors = pc.createColors(Boolean(stdout.isTTY) && !json && pc.isColorSupported);
  }

  /** The result of a command. */
  result(value: unknown, text: () => string): void {
    this.stdout.write(this.json ? `${JSON.stringify(value, null, 2)}\n` : `${text()}\n`);
  }

  /** A line of a result that is told bit by bit; with --json one JSON document a line. */
  line(value: unknown, text: () => string): void {
    this.stdout.write(this.json ? `${JSON.stringify(value)}\n` : `${text()}\n`);
  }

  note(text: string): void {
    if (!this.json) this.stderr.write(`${text}\n`);
  }

  error(error: DomainError): void {
    if (!this.json) return void this.stderr.write(`${errorText(error, this.colors)}\n`);
    const { code, message, remedy, fields } = error;
    this.stderr.write(`${JSON.stringify({ error: { code, title: message, remedy, fields } }, null, 2)}\n`);
  }
}
