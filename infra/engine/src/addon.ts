import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, realpath, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addonNotLinked, compileFailed, packageMissing } from './engine.errors.js';
import { zigWheel } from './pins.js';
import { lastLines, runProgram } from './run-program.js';
import { fetchWheel, type WheelTools } from './wheel.js';

const require = createRequire(import.meta.url);

/** What the addon is made from. */
export interface AddonSources {
  /** Folder of `@tensorflow/tfjs-node-gpu`: its own install script, which would download TensorFlow 2.9, is never run. */
  package: string;
  version: string;
  /** Folder of Node-API's headers. */
  headers: string;
  /** A header of ours that its sources are compiled behind. */
  sessionOptions: { path: string; sha256: string };
}

export async function findAddonSources(): Promise<AddonSources> {
  const folder = packageFolder('@tensorflow/tfjs-node-gpu');
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  const sessionOptions = fileURLToPath(new URL('../native/session-options.h', import.meta.url));
  return {
    package: folder,
    version: manifest.version,
    headers: join(packageFolder('node-api-headers'), 'include'),
    sessionOptions: { path: sessionOptions, sha256: sha256(await readFile(sessionOptions)) },
  };
}

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

function packageFolder(name: string): string {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    throw packageMissing(name);
  }
}

/** Folder of the two libraries inside an engine folder. */
export const librariesIn = (engineFolder: string) => join(engineFolder, 'tensorflow');
export const addonIn = (engineFolder: string) => join(engineFolder, 'addon', 'tfjs_binding.node');

/**
 * Compiles the addon (Node-API only, so one build serves every Node) inside `buildFolder`, which will be moved to
 * `finalFolder`. It finds TensorFlow beside itself, or by the absolute path when it is copied away.
 * Returns the compiler that was used.
 */
export async function compileAddon(
  sources: AddonSources,
  buildFolder: string,
  finalFolder: string,
  tools: WheelTools,
): Promise<string> {
  await mkdir(dirname(addonIn(buildFolder)), { recursive: true });
  const libraries = librariesIn(buildFolder);
  const args = ['-O2', '-std=c++17', '-shared', '-fPIC', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'];
  args.push('-I', sources.headers, '-I', sources.package, '-I', join(libraries, 'include'));
  args.push('-include', sources.sessionOptions.path);
  args.push(
    join(sources.package, 'binding/tfjs_backend.cc'),
    join(sources.package, 'binding/tfjs_binding.cc'),
  );
  args.push('-o', addonIn(buildFolder));
  args.push(join(libraries, 'libtensorflow_cc.so.2'), join(libraries, 'libtensorflow_framework.so.2'));
  args.push('-Wl,-rpath,$ORIGIN/../tensorflow', `-Wl,-rpath,${librariesIn(finalFolder)}`);

  const systemCompiler = await findCompiler(tools.environment);
  if (systemCompiler !== null) {
    const problem = await compileWith(systemCompiler, args, tools);
    if (problem === null) return systemCompiler;
    // A compiler without its standard library, or one before C++17: the downloaded one may still do.
    tools.progress({
      what: `${systemCompiler} failed (${problem}), taking zig`,
      done: 0,
      total: 1,
      unit: 'steps',
    });
  }
  return compileWithZig(args, buildFolder, tools);
}

async function findCompiler(environment: NodeJS.ProcessEnv): Promise<string | null> {
  for (const command of ['g++', 'c++', 'clang++']) {
    const answer = await runProgram(command, ['--version'], { environment, timeoutMs: 20_000 });
    if (answer.code === 0) return command;
  }
  return null;
}

async function compileWithZig(args: string[], buildFolder: string, tools: WheelTools): Promise<string> {
  const folder = join(buildFolder, 'zig');
  await fetchWheel(zigWheel, folder, join(buildFolder, 'download'), tools);
  const environment = { ...tools.environment, ZIG_GLOBAL_CACHE_DIR: join(folder, 'cache') };
  // The oldest glibc that TensorFlow's wheel runs on, so that the addon asks for none newer.
  const target = ['c++', '-target', 'x86_64-linux-gnu.2.27'];
  const zig = join(folder, 'ziglang', 'zig');
  const problem = await compileWith(zig, [...target, ...args], { ...tools, environment });
  if (problem !== null) throw compileFailed(`zig ${zigWheel.version}`, problem);
  await rm(folder, { recursive: true, force: true });
  return `zig ${zigWheel.version}`;
}

/** Null when it went well, else what the compiler says. */
async function compileWith(command: string, args: string[], tools: WheelTools): Promise<string | null> {
  const what = `compile the addon with ${command.split('/').at(-1)}`;
  tools.progress({ what, done: 0, total: 1, unit: 'steps' });
  const result = await runProgram(command, args, { environment: tools.environment });
  tools.progress({ what, done: 1, total: 1, unit: 'steps' });
  return result.code === 0 ? null : lastLines(result);
}

/** Where `@mapbox/node-pre-gyp` in tfjs-node-gpu looks for the addon. */
export const linkPath = (sources: AddonSources) =>
  join(sources.package, 'lib', 'napi-v8', 'tfjs_binding.node');

/** Makes TensorFlow.js load this engine's addon. Replaces an older link in one rename. */
export async function linkAddon(sources: AddonSources, engineFolder: string): Promise<void> {
  const path = linkPath(sources);
  const target = addonIn(engineFolder);
  if ((await realpath(path).catch(() => null)) === (await realpath(target))) return;
  const fresh = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await symlink(target, fresh).catch(() => copyFile(target, fresh)); // a file system without links
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw addonNotLinked(path, error);
  }
}
