import { expect, test } from 'vitest';
import { Stepper } from './stepper.js';

test('a contestant takes turns until it is stopped, whatever libraries print in between', async () => {
  const stepper = await started(`
    console.log('Welcome to the library.\\n' + JSON.stringify({ ready: 'here', preparationSeconds: 1 }));
    require('node:readline').createInterface(process.stdin).on('line', (line) => {
      const { seconds } = JSON.parse(line);
      console.log('warning\\n' + JSON.stringify({ steps: 2, images: 8, seconds, cpuSeconds: 1, peakBytes: 5e6 }));
    });`);

  expect(stepper.ready).toEqual({ ready: 'here', preparationSeconds: 1 });
  expect(await stepper.turn(3)).toMatchObject({ images: 8, seconds: 3 });
  expect(await stepper.turn(4)).toMatchObject({ images: 8, seconds: 4 });
  stepper.stop();
});

test('a contestant that cannot take part says why', async () => {
  const answer = Stepper.startProgram(process.execPath, ['-e', `console.log('{"unavailable":"no GPU"}')`]);

  expect(await answer).toEqual({ unavailable: 'no GPU' });
});

test('a contestant that ends early is quoted', async () => {
  const stepper = await started(`
    console.log(JSON.stringify({ ready: 'here', preparationSeconds: 1 }));
    process.stdin.once('data', () => { console.error('out of memory'); process.exit(7); });`);

  await expect(stepper.turn(1)).rejects.toThrow(/ended with 7:\s+out of memory/);
});

async function started(program: string): Promise<Stepper> {
  const stepper = await Stepper.startProgram(process.execPath, ['-e', program]);
  if (!(stepper instanceof Stepper)) throw new Error(stepper.unavailable);
  return stepper;
}
