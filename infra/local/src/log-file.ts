import fs from 'node:fs';

const largestBytes = 10 * 1024 * 1024;

/** An append-only log that keeps at most two files of 10 MiB: `name.log` and `name.log.1`. */
export class LogFile {
  private bytes: number;
  private descriptor: number;

  constructor(private readonly file: string) {
    this.descriptor = fs.openSync(file, 'a');
    this.bytes = fs.fstatSync(this.descriptor).size;
  }

  write(line: string) {
    const text = `${line}\n`;
    try {
      if (this.bytes + text.length > largestBytes) this.rotate();
      this.bytes += fs.writeSync(this.descriptor, text);
    } catch {
      // A full disk must not stop what is being logged; the terminal still shows warnings.
    }
  }

  private rotate() {
    if (fs.existsSync(this.file)) fs.renameSync(this.file, `${this.file}.1`); // not when the last try ended here
    const full = this.descriptor;
    this.descriptor = fs.openSync(this.file, 'a');
    this.bytes = 0;
    fs.closeSync(full);
  }
}
