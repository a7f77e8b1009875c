import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts in these. */
const ticksPerSecond = 100;

/**
 * CPU seconds that these processes and all that descend from them have used so far, those of ended children included once
 * their parents have waited for them.
 */
export function cpuSecondsOf(pids: readonly number[]): number {
  const processes = new Map(readdirSync('/proc').filter(isNumber).flatMap(statOf));
  const wanted = new Set(pids);
  for (let before = 0; before < wanted.size;) {
    before = wanted.size;
    for (const [pid, { parent }] of processes) if (wanted.has(parent)) wanted.add(pid);
  }
  return [...wanted].reduce((total, pid) => total + (processes.get(pid)?.seconds ?? 0), 0);
}

const isNumber = (name: string): boolean => /^\d+$/.test(name);

function statOf(pid: string): [number, { parent: number; seconds: number }][] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = fields.slice(11, 15).reduce((sum, one) => sum + one, 0); // own and children's, user and system
    return [[Number(pid), { parent: fields[1]!, seconds: ticks / ticksPerSecond }]];
  } catch {
    return []; // ended meanwhile
  }
}
