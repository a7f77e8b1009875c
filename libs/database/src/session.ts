import { setTimeout as sleep } from 'node:timers/promises';
import { type Change } from '@chromatune/contracts';
import type pg from 'pg';
import {
  type DataSource,
  type EntityTarget,
  type ObjectLiteral,
  type QueryRunner,
  type Repository,
} from 'typeorm';
import { codeOf, explainConnectionError } from './connection-errors.js';

/** The one channel on which stores tell every process what changed. */
export const channel = 'chromatune';

/** Tells every process what a row's `payload` says: see `payloadsOf`. */
export const announcement = `pg_notify('${channel}', payload)`;

export const payloadsOf = (changes: Change[]) => changes.map((change) => JSON.stringify(change));

/** SQL over one connection. Column names come back in camel case, as the entities spell them. */
export class Sql {
  constructor(private readonly runner: QueryRunner) {}

  async rows<Row>(text: string, parameters: unknown[] = []): Promise<Row[]> {
    const result = await this.runner.query(text, parameters, true);
    return (result.records as Record<string, unknown>[]).map((row) => toCamelCase(row) as Row);
  }

  async row<Row>(text: string, parameters: unknown[] = []): Promise<Row | undefined> {
    return (await this.rows<Row>(text, parameters))[0];
  }

  /** As `rows`, of a statement that the server plans once a connection, under this name. Columns keep their names. */
  async prepared<Row extends object>(name: string, text: string, parameters: unknown[]): Promise<Row[]> {
    const client = (await this.runner.connect()) as pg.ClientBase;
    return (await client.query<Row>({ name, text, values: parameters })).rows;
  }

  /** Number of rows that the statement changed. */
  async change(text: string, parameters: unknown[] = []): Promise<number> {
    return (await this.runner.query(text, parameters, true)).affected ?? 0;
  }

  /** Inside a transaction it is said when that commits, and not at all when it does not. */
  async announce(...changes: Change[]): Promise<void> {
    if (changes.length === 0) return;
    await this.runner.query(`SELECT ${announcement} FROM unnest($1::text[]) AS payload`, [
      payloadsOf(changes),
    ]);
  }

  repository<Entity extends ObjectLiteral>(entity: EntityTarget<Entity>): Repository<Entity> {
    return this.runner.manager.getRepository(entity);
  }
}

/** Lends connections of the pool. Broken ones give `database_unavailable`. */
export class Session {
  constructor(
    private readonly dataSource: DataSource,
    private readonly url: string,
  ) {}

  /** Statements that need no common transaction. */
  read<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.withRunner((runner) => work(new Sql(runner)));
  }

  /** One moment's view of the data over several statements. */
  snapshot<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.withRunner((runner) => inTransaction(runner, work, 'REPEATABLE READ'));
  }

  /** All or nothing. Tried again when the server chose it as the victim of a deadlock, so `work` must only use `sql`. */
  async transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.withRunner((runner) => inTransaction(runner, work));
      } catch (error) {
        const isVictim = error instanceof Error && /^(40P01|40001)$/.test(codeOf(error));
        if (!isVictim || attempt === 5) throw error;
        await sleep(attempt * 20 * Math.random());
      }
    }
  }

  private async withRunner<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.connect();
      return await work(runner);
    } catch (error) {
      throw explainConnectionError(error, this.url);
    } finally {
      await runner.release().catch(() => undefined);
    }
  }
}

/** READ COMMITTED, PostgreSQL's default, unless told: naming a level costs a round trip. */
async function inTransaction<T>(
  runner: QueryRunner,
  work: (sql: Sql) => Promise<T>,
  isolation?: 'REPEATABLE READ',
): Promise<T> {
  await runner.startTransaction(isolation);
  try {
    const result = await work(new Sql(runner));
    await runner.commitTransaction();
    return result;
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined); // the first error says more
    throw error;
  }
}

function toCamelCase(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [camelCase(name), value]));
}

const names = new Map<string, string>();
function camelCase(name: string): string {
  let camel = names.get(name);
  if (camel === undefined) {
    camel = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    names.set(name, camel);
  }
  return camel;
}

/** What PostgreSQL's text can hold: no zero character, no half of a surrogate pair. */
export const storable = (text: string) => Buffer.from(text.replaceAll('\0', ''), 'utf8').toString('utf8');
