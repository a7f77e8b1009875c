import { readFile } from 'node:fs/promises';

/**
 * How often the kernel has killed a process for memory, as far as this process can see: the machine's count and its
 * cgroup's. A difference around a child's life tells a kill for memory from any other SIGKILL.
 */
export async function countOomKills(): Promise<number> {
  const counts = await Promise.all(
    ['/proc/vmstat', '/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control'].map(
      async (path) => {
        const text = await readFile(path, 'utf8').catch(() => '');
        return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
      },
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
