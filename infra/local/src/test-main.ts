import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBrowser } from './browser.js';
import { ensureEngine } from './ensure-engine.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const results = path.join(root, 'test-results');

interface Outcome {
  what: string;
  passed: number;
  failed: number;
  seconds: number;
}

/** These keep both cores of a small machine busy by themselves. */
const demanding = ['apps/trainer', 'test/e2e'];
/** Of the others, each of which keeps one busy. */
const sideBySide = 2;

/**
 * Lint, types, dead code and every project's tests, then one line `N passed, N failed` over all of them. With arguments: only
 * the tests of projects whose folder contains one of them.
 */
export async function testMain(filters: string[]): Promise<number> {
  const projects = testProjects().filter(
    ({ folder }) => filters.length === 0 || filters.some((filter) => folder.includes(filter)),
  );
  if (projects.length === 0) {
    console.error(`No project's folder contains ${filters.join(' or ')}.`);
    return 1;
  }
  fs.rmSync(results, { recursive: true, force: true });
  fs.mkdirSync(results, { recursive: true });

  await ensureEngine();
  await ensureBrowser();

  const light = projects.filter(({ folder }) => !demanding.includes(folder));
  const checked = filters.length === 0 ? checks : [];
  const outcomes = await eachOf(sideBySide, [
    ...checked.map((script) => (print: Print) => check(script, print)),
    ...light.map((project) => (print: Print) => testProject(project, print)),
  ]);
  for (const project of projects.filter((one) => !light.includes(one))) {
    outcomes.push(await testProject(project, (text) => process.stdout.write(text)));
  }
  return report(outcomes);
}

type Print = (text: string) => void;

/** Does several jobs at the same time. What each prints stays together: it is held back until it ends. */
async function eachOf<T>(atOnce: number, jobs: ((print: Print) => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    while (next < jobs.length) {
      const index = next++;
      const printed: string[] = [];
      results[index] = await jobs[index]!((text) => void printed.push(text));
      process.stdout.write(printed.join(''));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

interface Project {
  folder: string;
}

/** Libraries first, whole journeys last: the first failure is then the most telling one. */
function testProjects(): Project[] {
  return ['libs', 'infra', 'apps', 'test']
    .flatMap((group) =>
      fs
        .readdirSync(path.join(root, group))
        .sort()
        .map((name) => ({ folder: `${group}/${name}` })),
    )
    .filter(({ folder }) => fs.existsSync(path.join(root, folder, 'package.json')));
}

// All projects at once: a process for each would load tools and libraries, and check what others import, anew.
const checks = ['lint', 'types', 'dead-code'];

/** A check of the whole repository, which passes or fails as one: a script of the root's `package.json`. */
async function check(script: string, print: Print): Promise<Outcome> {
  const startedAt = Date.now();
  const code = await run('npm', ['run', '--silent', script], { cwd: root, print });
  return { what: script, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, seconds: since(startedAt) };
}

async function testProject({ folder }: Project, print: Print): Promise<Outcome> {
  print(`\n▸ ${folder}\n`);
  const startedAt = Date.now();
  const file = path.join(results, `${folder.replaceAll('/', '-')}.json`);
  const vitest = path.join(root, 'node_modules/.bin/vitest');
  const config =
    ['vitest.config.ts'].find((name) => fs.existsSync(path.join(root, folder, name))) ??
    '../../vitest.project.ts';
  const code = await run(
    vitest,
    [
      'run',
      '--root',
      '.',
      '--config',
      config,
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    { cwd: path.join(root, folder), print },
  );
  const { passed, failed } = readReport(file);
  // A suite that could not be loaded, or a crashed runner, has no failed test of its own but must not look green.
  return {
    what: folder,
    passed,
    failed: code === 0 ? failed : Math.max(failed, 1),
    seconds: since(startedAt),
  };
}

function readReport(file: string): { passed: number; failed: number } {
  if (!fs.existsSync(file)) return { passed: 0, failed: 0 };
  const { numPassedTests, numFailedTests } = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<
    string,
    number
  >;
  return { passed: numPassedTests ?? 0, failed: numFailedTests ?? 0 };
}

function report(outcomes: Outcome[]): number {
  console.log('');
  for (const { what, passed, failed, seconds } of outcomes) {
    console.log(
      `${failed > 0 ? '✖' : '✔'} ${what.padEnd(18)} ${passed} passed, ${failed} failed   ${seconds} s`,
    );
  }
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** Runs a command and prints what it writes. Its exit code comes back. */
function run(
  command: string,
  args: string[],
  { cwd, print }: { cwd: string; print: Print },
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: {
        ...process.env,
        NX_DAEMON: 'false',
        NX_NO_CLOUD: 'true',
        NODE_ENV: 'test',
        NO_COLOR: '1',
        FORCE_COLOR: undefined,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', print);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

const since = (startedAt: number) => Math.round((Date.now() - startedAt) / 1000);
