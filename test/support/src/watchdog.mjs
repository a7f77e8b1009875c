// Ends a service and removes its folder once the process that asked for it is gone, however that ended.
// Plain JavaScript, because it must run beside vitest, which alone understands our sources.
// Usage: node watchdog.mjs OWNER_PID SERVICE_PID FOLDER
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [owner, service] = process.argv.slice(2, 4).map(Number);
const folder = process.argv[4];

/** When a living process was started, or null: ids are used again. */
const startOf = (pid) => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return fields[0] === 'Z' ? null : fields[19];
  } catch {
    return null;
  }
};
const ownerStart = startOf(owner);
const serviceStart = startOf(service);
const ownerLives = () => ownerStart !== null && startOf(owner) === ownerStart;
const serviceLives = () => serviceStart !== null && startOf(service) === serviceStart;

while (ownerLives() && serviceLives()) await sleep(200);
for (const signal of ['SIGINT', 'SIGKILL']) {
  for (let waited = 0; serviceLives() && waited < 5000; waited += 50) {
    if (waited === 0) process.kill(service, signal);
    await sleep(50);
  }
}
while (ownerLives() && folder) await sleep(200); // it may start the service again on its data
if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }); // others may still write there
