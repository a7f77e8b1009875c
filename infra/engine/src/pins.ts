/** One file on the package index: exactly this one is used, whatever the index offers later. */
export interface Wheel {
  project: string;
  version: string;
  file: string;
  sha256: string;
  bytes: number;
  /** Path prefixes inside the wheel that are unpacked. */
  keep: string[];
}

/** What one engine is made of. */
export interface EngineParts {
  name: 'native' | 'cuda';
  tensorflowVersion: string;
  /** What the finished engine takes on the disk. */
  unpackedBytes: number;
  wheels: Wheel[];
}

/** Two libraries, and the headers that the addon includes. The rest of the wheel (15,000 files) is not needed. */
const tensorflowKeeps = [
  'tensorflow/libtensorflow_cc.so.2',
  'tensorflow/libtensorflow_framework.so.2',
  'tensorflow/include/tensorflow/c/',
  'tensorflow/include/tensorflow/core/platform/ctstring',
  'tensorflow/include/tsl/platform/ctstring',
  'tensorflow/include/xla/tsl/c/',
];

export const nativeParts: EngineParts = {
  name: 'native',
  tensorflowVersion: '2.21.0',
  unpackedBytes: 860e6,
  wheels: [
    {
      project: 'tensorflow-cpu',
      version: '2.21.0',
      file: 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
      sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
      bytes: 273829956,
      keep: tensorflowKeeps,
    },
  ],
};

/**
 * TensorFlow looks for NVIDIA's libraries in `../nvidia/<part>/lib` beside its own folder. The versions are the newest
 * that the extra `and-cuda` of its wheel admits, as pip resolves it: CUDA 12.9, cuDNN 9.
 */
export const cudaParts: EngineParts = {
  name: 'cuda',
  tensorflowVersion: '2.21.0',
  unpackedBytes: 5.8e9,
  wheels: [
    {
      project: 'tensorflow',
      version: '2.21.0',
      file: 'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
      sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
      bytes: 572440367,
      keep: tensorflowKeeps,
    },
    nvidia(
      'nvidia_cublas_cu12-12.9.3.13-py3-none-manylinux_2_27_x86_64.whl',
      'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
      581217458,
    ),
    nvidia(
      'nvidia_cuda_cupti_cu12-12.9.79-py3-none-manylinux_2_25_x86_64.whl',
      '096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f',
      10814997,
    ),
    nvidia(
      'nvidia_cuda_nvcc_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
      '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
      40546229,
    ),
    nvidia(
      'nvidia_cuda_nvrtc_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
      '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
      89568129,
    ),
    nvidia(
      'nvidia_cuda_runtime_cu12-12.9.79-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
      '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
      3493179,
    ),
    nvidia(
      'nvidia_cudnn_cu12-9.28.0.42-py3-none-manylinux_2_27_x86_64.whl',
      '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
      716538495,
    ),
    nvidia(
      'nvidia_cufft_cu12-11.4.1.4-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
      'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
      200877592,
    ),
    nvidia(
      'nvidia_curand_cu12-10.3.10.19-py3-none-manylinux_2_27_x86_64.whl',
      '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
      68295626,
    ),
    nvidia(
      'nvidia_cusolver_cu12-11.7.5.82-py3-none-manylinux_2_27_x86_64.whl',
      '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
      338117415,
    ),
    nvidia(
      'nvidia_cusparse_cu12-12.5.10.65-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
      '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
      366465088,
    ),
    nvidia(
      'nvidia_nccl_cu12-2.32.3-py3-none-manylinux_2_27_x86_64.whl',
      'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
      351526311,
    ),
    nvidia(
      'nvidia_nvjitlink_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
      'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
      39748338,
    ),
  ],
};

/** A C++ compiler for machines that have none; used once and not kept. */
export const zigWheel: Wheel = {
  project: 'ziglang',
  version: '0.17.1',
  file: 'ziglang-0.17.1-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_1_x86_64.whl',
  sha256: 'ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54',
  bytes: 101083562,
  keep: ['ziglang/'],
};

/** What the file name of a wheel says about where it runs: `name-version-python-abi-platforms.whl`. */
export function wheelTags(file: string): { python: string; abi: string; platforms: string[] } {
  const [, , python, abi, platforms] = file.replace(/\.whl$/, '').split('-');
  if (!python || !abi || !platforms) throw new Error(`${file} is not the name of a wheel.`);
  return { python, abi, platforms: platforms.split('.') };
}

function nvidia(file: string, sha256: string, bytes: number): Wheel {
  const [name = '', version = ''] = file.split('-');
  return { project: name.replaceAll('_', '-'), version, file, sha256, bytes, keep: ['nvidia/'] };
}
