// What must work before any package is installed: plain Node, no dependencies.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const oldestNode = [20, 19];

const programs = ['api', 'trainer', 'cli', 'dashboard', 'local'].map((name) => `@chromatune/${name}`);

/**
 * Installs packages and builds what changed since the last time: the programs that run, or `everything`, tests too.
 * Needs the network only when packages changed.
 */
export async function bootstrap({ everything = false } = {}) {
  requireNode();
  await installPackages();
  await build(everything);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  fail(
    `Node ${process.versions.node} is too old.`,
    `Install Node ${oldestNode.join('.')} or newer (https://nodejs.org) and try again.`,
  );
}

async function installPackages() {
  const stamp = path.join(root, 'node_modules/.chromatune-packages');
  const wanted = sha256(fs.readFileSync(path.join(root, 'package-lock.json')));
  if (read(stamp) === wanted) return;
  await step(
    'packages (npm ci)',
    'npm',
    ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      remedy: "Check the network and npm's registry settings, then try again.",
    },
  );
  fs.writeFileSync(stamp, wanted);
}

async function build(everything) {
  const stamps = ['programs', 'everything'].map((name) =>
    path.join(root, `node_modules/.chromatune-built-${name}`),
  );
  if (read(stamps[everything ? 1 : 0]) === fingerprint()) return;
  for (const stamp of stamps) fs.rmSync(stamp, { force: true });
  const projects = everything ? [] : ['-p', programs.join(',')];
  const nx = ['node_modules/.bin/nx', 'run-many', '-t', 'build', '--output-style=static', ...projects];
  await step('build', process.execPath, nx, { remedy: 'The messages above name the file and line.' });
  for (const stamp of everything ? stamps : stamps.slice(0, 1)) fs.writeFileSync(stamp, fingerprint());
}

/** Changes with any source file's path, size or time, and when the output of a program is missing. */
function fingerprint() {
  const lines = [];
  for (const group of ['apps', 'libs', 'infra', 'test']) {
    for (const project of fs.readdirSync(path.join(root, group)).sort()) {
      const folder = path.join(root, group, project);
      if (!fs.existsSync(path.join(folder, 'package.json'))) continue;
      if (programs.includes(`@chromatune/${project}`))
        lines.push(`${project} ${fs.existsSync(path.join(folder, 'dist'))}`);
      walk(folder, lines);
    }
  }
  return sha256(lines.join('\n'));
}

function walk(folder, lines) {
  for (const entry of fs
    .readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) continue;
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) walk(full, lines);
    else {
      const { size, mtimeMs } = fs.statSync(full);
      lines.push(`${full} ${size} ${mtimeMs}`);
    }
  }
}

/** Runs one long command: its name and the seconds on one line, its output only when it fails (or with CHROMATUNE_VERBOSE). */
async function step(name, command, args, { remedy }) {
  const startedAt = Date.now();
  const seconds = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  const isTerminal = process.stdout.isTTY;
  if (!isTerminal) console.log(`${name} …`);
  const ticker = isTerminal
    ? setInterval(() => process.stdout.write(`\r\x1b[2K${name} … ${seconds()}`), 1000)
    : undefined;
  const { code, output } = await run(command, args);
  clearInterval(ticker);
  if (isTerminal) process.stdout.write('\r\x1b[2K');
  if (code !== 0) {
    process.stderr.write(output);
    fail(`${name} failed (exit ${code}).`, remedy);
  }
  console.log(`✔ ${name} ${seconds()}`);
}

function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NODE_ENV: '', FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-200_000);
      if (process.env.CHROMATUNE_VERBOSE) process.stderr.write(chunk);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ code: 127, output: `${command}: ${error.message}\n` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

export function fail(what, remedy) {
  console.error(`✖ ${what}\n  → ${remedy}`);
  process.exit(1);
}

const read = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined);
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
