import { engineName } from '@chromatune/contracts';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { loadEngine } from '../../engine.js';
import { trainShortly } from './train-shortly.js';

// A process of its own for a spec: `train-and-digest.ts ENGINE THREADS STEPS`. Prints a DigestReport as its last line.
export interface DigestReport {
  weightsSha256: string;
  losses: number[];
  /** Threads of the whole process, when the training is done. */
  threadsOfProcess: number;
  /** Seconds of processor time a second of training: above 1, threads worked side by side. */
  busyThreads: number;
}

const [name, threads, steps] = process.argv.slice(2);
const engine = await loadEngine(engineName.parse(name), { threads: Number(threads) });
await trainShortly(engine, { loss: 'regression', steps: 1 }); // compiles and loads what is needed once

const [cpuBefore, startedAt] = [process.cpuUsage(), performance.now()];
const { state, losses } = await trainShortly(engine, { loss: 'regression', steps: Number(steps) });
const cpu = process.cpuUsage(cpuBefore);
const busyThreads = (cpu.user + cpu.system) / 1000 / (performance.now() - startedAt);

const hash = createHash('sha256');
for (const { name, data } of state) hash.update(name).update(data);
const threadsOfProcess = readdirSync('/proc/self/task').length;
const report: DigestReport = { weightsSha256: hash.digest('hex'), losses, threadsOfProcess, busyThreads };
console.log(JSON.stringify(report));
