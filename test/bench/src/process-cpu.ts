import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts in these. */
const ticksPerSecond = 100;

/** CPU seconds used so far. */
export interface CpuUse {
  own: number;
  /** Of all that descend from it, ended ones included once they have been waited for. */
  descendants: number;
}

/** What the process `pid` and its descendants have used. */
export function cpuUseOf(pid: number): CpuUse {
  const processes = readdirSync('/proc').filter(isNumber).flatMap(statOf);
  const total = (parent: number): number =>
    processes
      .filter((one) => one.parent === parent)
      .reduce((sum, child) => sum + child.own + child.ended + total(child.pid), 0);
  const { own, ended } = processes.find((one) => one.pid === pid) ?? { own: 0, ended: 0 };
  return { own, descendants: ended + total(pid) };
}

const isNumber = (name: string): boolean => /^\d+$/.test(name);

function statOf(pid: string): { pid: number; parent: number; own: number; ended: number }[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [user, system, endedUser, endedSystem] = fields.slice(11, 15) as [number, number, number, number];
    const seconds = (ticks: number) => ticks / ticksPerSecond;
    const ended = seconds(endedUser + endedSystem);
    return [{ pid: Number(pid), parent: fields[1]!, own: seconds(user + system), ended }];
  } catch {
    return []; // ended meanwhile
  }
}
