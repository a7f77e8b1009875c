import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DomainError } from './problem.js';
import { parseEnvironment, serviceEnvironment } from './service-environment.js';

const right = {
  DATABASE_URL: 'postgres://chromatune:secret@127.0.0.1:5432/chromatune',
  REDIS_URL: 'redis://127.0.0.1:6379',
  OBJECT_STORE_URL: 'file:///srv/objects',
};

describe('the environment', () => {
  it('is read with its defaults', () => {
    expect(parseEnvironment(serviceEnvironment, right)).toEqual({ ...right, LOG_LEVEL: 'info' });
  });

  it.each([
    ['DATABASE_URL', 'mysql://127.0.0.1/chromatune', 'must be like postgres://'],
    ['REDIS_URL', '127.0.0.1:6379', 'must be like redis://'],
    ['OBJECT_STORE_URL', 's3://bucket', 'must be like file:///folder or s3+http://'],
    ['LOG_LEVEL', 'loud', 'expected one of'],
  ])('stops the start with the name of a wrong %s and what it must be', (name, value, message) => {
    const start = () => parseEnvironment(serviceEnvironment, { ...right, [name]: value });

    expect(start).toThrow(DomainError);
    expect(start).toThrow(`${name}=${JSON.stringify(value)}: `);
    expect(start).toThrow(message);
  });

  it('says of text in place of a number that it is none', () => {
    const schema = z.object({ LEASE_SECONDS: z.coerce.number().min(1) });

    expect(() => parseEnvironment(schema, { LEASE_SECONDS: 'soon' })).toThrow(
      'LEASE_SECONDS="soon": must be a number',
    );
  });

  it('names every variable that is not set', () => {
    expect(() => parseEnvironment(serviceEnvironment, {})).toThrow(
      /DATABASE_URL is not set[^]*REDIS_URL is not set[^]*OBJECT_STORE_URL is not set/,
    );
  });
});
