import type { Failure } from '@chromatune/contracts';

/** The failure classes that both a training process and its supervisor recognize, each with its remedy. */
type StepFree = Omit<Failure, 'step'>;

export const isOutOfMemory = (text: string) =>
  /OOM when allocating|RESOURCE_EXHAUSTED|ResourceExhausted|heap out of memory|std::bad_alloc|out of memory|Array buffer allocation failed|ERR_WORKER_OUT_OF_MEMORY/i.test(
    text,
  );

export const isDiskFull = (text: string) => /ENOSPC|EDQUOT|No space left on device/.test(text);

export const isBadDevice = (text: string) =>
  /CUDA_ERROR|cudaError|CUDNN_STATUS|cuDNN error|cuBLAS/i.test(text);

export const outOfMemory = (message: string): StepFree => ({
  class: 'outOfMemory',
  message: message.slice(0, 4000),
  remedy: 'Take a smaller batch size, image size or width, or give this trainer fewer slots (TRAINER_SLOTS).',
});

export const ioFailure = (message: string): StepFree => ({
  class: 'io',
  message: message.slice(0, 4000),
  remedy:
    "Free space on the trainer's disk (TRAINER_FOLDER) and see that it can be written, then resume the run.",
});

export const badDevice = (message: string): StepFree => ({
  class: 'badDevice',
  message: message.slice(0, 4000),
  remedy:
    'Look at nvidia-smi and the driver log on that trainer, or train on another with CHROMATUNE_ENGINE=native.',
});

export const codeBug = (message: string): StepFree => ({
  class: 'codeBug',
  message: message.slice(0, 4000),
  remedy: 'Please report this with the log of the run: it is a fault of the program, not of the recipe.',
});
