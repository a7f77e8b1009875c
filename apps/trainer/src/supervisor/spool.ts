import { type FileHandle, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SpooledEvent, spooledEvent } from '@chromatune/contracts';

/** A drained spool larger than this is emptied, so that a long attempt does not keep what Postgres has. */
const emptyAboveBytes = 1024 * 1024;
/** The cursor is written this often at most: what a kill makes drain again, Postgres knows and leaves out. */
const cursorEveryMs = 1000;

/**
 * What an attempt has reported, on disk before anything else is done with it: one JSON line an event, in order.
 * A cursor beside it remembers about what has been drained; where it is behind or lost, more is drained again, which is
 * harmless.
 * One writer and one reader, in one process.
 */
export class Spool {
  private size: number;
  private cursorWrittenAt = 0;
  private working: Promise<unknown> = Promise.resolve();
  private closed = false;

  private constructor(
    private readonly file: FileHandle,
    private readonly cursorPath: string,
    size: number,
    private drained: number,
    /** The newest event ever appended and not emptied, 0 when there is none. */
    public lastSeq: number,
  ) {
    this.size = size;
  }

  /** Opens or makes the spool of an attempt's folder. A last line torn by a kill is cut off: it was never acknowledged. */
  static async open(folder: string): Promise<Spool> {
    const file = await open(join(folder, 'spool.jsonl'), 'a+');
    const bytes = await readFile(join(folder, 'spool.jsonl'));
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole < bytes.length) await file.truncate(whole);
    const cursorPath = join(folder, 'spool.cursor');
    const drained = Number(await readFile(cursorPath, 'utf8').catch(() => '0'));
    return new Spool(
      file,
      cursorPath,
      whole,
      drained <= whole ? drained : 0,
      lastSeqOf(bytes.subarray(0, whole)),
    );
  }

  get pendingBytes() {
    return this.size - this.drained;
  }

  /** Resolves when the events are safe on disk. @throws the file system's error, for example ENOSPC */
  append(events: readonly SpooledEvent[]): Promise<void> {
    return this.inTurn(async () => {
      const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
      try {
        await this.file.appendFile(text);
        await this.file.datasync();
      } catch (error) {
        await this.file.truncate(this.size).catch(() => undefined); // half a line must not meet the next one
        throw error;
      }
      this.size += Buffer.byteLength(text);
      this.lastSeq = events.at(-1)?.seq ?? this.lastSeq;
    });
  }

  /** The oldest events not yet drained, at most about `maxBytes` of them; `drainedTo` goes to `markDrained` afterwards. */
  async next(maxBytes = 256 * 1024): Promise<{ events: SpooledEvent[]; drainedTo: number }> {
    const bytes = await this.read(this.drained, Math.min(maxBytes, this.pendingBytes));
    let whole = bytes.lastIndexOf(0x0a) + 1;
    let text = bytes.subarray(0, whole);
    if (whole === 0 && this.pendingBytes > 0) {
      text = await this.read(this.drained, this.pendingBytes); // one line longer than maxBytes
      whole = text.indexOf(0x0a) + 1;
      text = text.subarray(0, whole);
    }
    const lines = text.toString('utf8').split('\n').slice(0, -1);
    return {
      events: lines.map((line) => spooledEvent.parse(JSON.parse(line))),
      drainedTo: this.drained + whole,
    };
  }

  markDrained(drainedTo: number): Promise<void> {
    return this.inTurn(async () => {
      this.drained = drainedTo;
      await this.remember().catch(() => undefined); // the disk may be full, and nothing is lost with a cursor
    });
  }

  close(): Promise<void> {
    return this.inTurn(async () => {
      if (!this.closed) await this.file.close();
      this.closed = true;
    });
  }

  private async remember(): Promise<void> {
    if (this.pendingBytes === 0 && this.size > emptyAboveBytes) {
      // The cursor first: killed in between, all is drained once more, which changes nothing. The other way round, a
      // cursor that could not be written would in time point behind events that were never drained.
      await this.writeCursor(0);
      await this.file.truncate(0);
      this.size = this.drained = 0;
    } else if (Date.now() - this.cursorWrittenAt >= cursorEveryMs) {
      await this.writeCursor(this.drained);
    }
  }

  private async writeCursor(drained: number): Promise<void> {
    await writeFile(`${this.cursorPath}.new`, String(drained));
    await rename(`${this.cursorPath}.new`, this.cursorPath);
    this.cursorWrittenAt = Date.now();
  }

  private async read(from: number, length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await this.file.read(buffer, 0, length, from);
    return buffer.subarray(0, bytesRead);
  }

  /** Appends and cursor moves in turn, so that emptying never cuts off a line being written. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.working.then(work, work);
    this.working = result.catch(() => undefined);
    return result;
  }
}

function lastSeqOf(lines: Buffer): number {
  const last = lines.subarray(0, -1).lastIndexOf(0x0a);
  const line = lines.subarray(last + 1).toString('utf8');
  return line === '' ? 0 : spooledEvent.parse(JSON.parse(line)).seq;
}
