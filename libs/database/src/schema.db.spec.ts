import { cloneDatabase, startPostgres } from '@chromatune/test-support';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDataSource, openDatabase } from './database.js';

let clone: Awaited<ReturnType<typeof cloneDatabase>>;
beforeAll(async () => void (clone = await cloneDatabase()));
afterAll(() => clone.drop());

test('migrates up, down and up again, and then equals the entities', async () => {
  const source = await createDataSource(clone.url).initialize();
  const countTables = async () =>
    (
      await source.query<{ count: number }[]>(
        `SELECT count(*)::int AS count FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = 'public' AND c.relkind IN ('r', 'v') AND c.relname <> 'migrations'`,
      )
    )[0]!.count;

  const before = await countTables();
  for (const _ of source.migrations) await source.undoLastMigration();
  const down = await countTables();
  await source.runMigrations();
  const { upQueries } = await source.driver.createSchemaBuilder().log();

  expect(before).toBe(12);
  expect(down).toBe(0);
  expect(await countTables()).toBe(12);
  expect(upQueries.map(({ query }) => query)).toEqual([]);
  await source.destroy();
});

test('refuses states that are not in its closed sets', async () => {
  const source = await createDataSource(clone.url).initialize();

  const insertion = source.query(
    `INSERT INTO runs (id, index, label, parameters, recipe, epochs, state) VALUES ('x', 0, '', '{}', '{}', 1, 'asleep')`,
  );

  await expect(insertion).rejects.toThrow('runs_state_check');
  await source.destroy();
});

test('migrates once when two processes start together', async () => {
  const source = await createDataSource(clone.url).initialize();
  for (const _ of source.migrations) await source.undoLastMigration();
  const both = await Promise.all([openDatabase(clone.url), openDatabase(clone.url)]);

  await Promise.all(both.map((database) => database.migrate()));

  const rows = await source.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id');
  expect(rows.map(({ name }) => name)).toEqual(
    source.migrations.map((migration) => migration.constructor.name),
  );
  await Promise.all(both.map((database) => database.close()));
  await source.destroy();
});

test.each([
  [
    'a wrong password',
    (url: URL) => (url.password = 'wrong'),
    /refused the user "chromatune"/,
    /user and password/,
  ],
  [
    'a missing database',
    (url: URL) => (url.pathname = '/nowhere'),
    /no database "nowhere"/,
    /createdb nowhere/,
  ],
  ['a closed port', (url: URL) => (url.port = '1'), /Nothing listens at 127\.0\.0\.1:1\b/, /Start it/],
  [
    'an unknown host',
    (url: URL) => (url.hostname = 'nowhere.invalid'),
    /nowhere\.invalid:\d+, is not known/,
    /host/,
  ],
])('says what to correct for %s, without the password', async (_, change, message, remedy) => {
  const url = new URL((await startPostgres()).url);
  const { password } = url;
  change(url);

  const opening = openDatabase(url.href);

  await expect(opening).rejects.toMatchObject({
    code: 'database_unavailable',
    message: expect.stringMatching(message) as string,
    remedy: expect.stringMatching(remedy) as string,
  });
  await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining(password) as string });
});
