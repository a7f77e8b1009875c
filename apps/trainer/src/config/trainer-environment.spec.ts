import { describe, expect, it } from 'vitest';
import { childEnvironment, defaultSlots, defaultThreads, loadConfig } from './trainer-environment.js';

const needed = {
  DATABASE_URL: 'postgres://user:password@127.0.0.1:5432/chromatune',
  REDIS_URL: 'redis://127.0.0.1:6379',
  OBJECT_STORE_URL: 'file:///tmp/objects',
  TRAINER_FOLDER: '/tmp/trainer',
};

describe("a trainer's settings", () => {
  it('have defaults, the cache inside the folder', () => {
    expect(loadConfig(needed)).toMatchObject({
      TRAINER_POOL: 'default',
      CHROMATUNE_ENGINE: 'auto',
      LEASE_SECONDS: 30,
      RENEW_SECONDS: 10,
      CACHE_FOLDER: '/tmp/trainer/cache',
    });
  });

  it.each([
    ['TRAINER_SLOTS', 'many'],
    ['TRAINER_POOL', 'Big Pool'],
    ['CHROMATUNE_ENGINE', 'quantum'],
    ['DATABASE_URL', 'mysql://host'],
    ['LEASE_SECONDS', '0'],
  ])('refuse %s=%s by its name', (name, value) => {
    expect(() => loadConfig({ ...needed, [name]: value })).toThrow(`${name}="${value}"`);
  });

  it('refuse to renew leases more slowly than they run out', () => {
    expect(() => loadConfig({ ...needed, LEASE_SECONDS: '10', RENEW_SECONDS: '9' })).toThrow('RENEW_SECONDS');
  });

  it('name what is missing', () => {
    expect(() => loadConfig({})).toThrow(/DATABASE_URL is not set[^]*TRAINER_FOLDER is not set/);
  });
});

describe('slots and threads', () => {
  it.each([
    { cores: 1, gpus: 0, slots: 1, threads: 1 },
    { cores: 2, gpus: 0, slots: 2, threads: 1 },
    { cores: 3, gpus: 0, slots: 2, threads: 1 },
    { cores: 8, gpus: 0, slots: 4, threads: 2 },
    { cores: 32, gpus: 4, slots: 4, threads: 8 },
  ])('of $cores cores and $gpus GPUs are $slots and $threads', ({ cores, gpus, slots, threads }) => {
    expect(defaultSlots({ gpus, cores })).toBe(slots);
    expect(defaultThreads({ slots, cores })).toBe(threads);
  });
});

describe('a training process', () => {
  it('gets a GPU of its own and no addresses of services', () => {
    const env = childEnvironment({ ...needed, PATH: '/bin' }, { slot: 5, gpus: 4 });

    expect(env).toEqual({ TRAINER_FOLDER: '/tmp/trainer', PATH: '/bin', CUDA_VISIBLE_DEVICES: '1' });
  });
});
