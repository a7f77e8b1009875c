import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Imported weights of encoders, known by the SHA-256 of their file. */
export class CreateWeights1764104400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE weights (
        digest text PRIMARY KEY,
        name text NOT NULL,
        encoder text NOT NULL,
        tensors integer NOT NULL,
        bytes bigint NOT NULL,
        source text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE weights`);
  }
}
