export interface Progress {
  /** The step, for example "download tensorflow-cpu 2.21.0". */
  what: string;
  done: number;
  total: number;
  unit: 'bytes' | 'steps';
}
export type ReportProgress = (progress: Progress) => void;

/** Turns progress into few lines of text: the start and the end of each step, and every tenth in between. */
export function progressLines(write: (line: string) => void): ReportProgress {
  let shown = { what: '', tenth: -1 };
  return ({ what, done, total, unit }) => {
    const tenth = total > 0 ? Math.min(10, Math.floor((done / total) * 10)) : 0;
    if (what === shown.what && tenth <= shown.tenth) return;
    shown = { what, tenth };
    const amount = unit === 'bytes' ? `${megabytes(done)} of ${megabytes(total)} MB` : `${done} of ${total}`;
    write(`${what}: ${amount}`);
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
