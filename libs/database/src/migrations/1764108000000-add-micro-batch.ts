import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Images that a run computes at once, chosen by the first trainer for its memory; every later attempt has the same. */
export class AddMicroBatch1764108000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE runs ADD COLUMN micro_batch integer`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE runs DROP COLUMN micro_batch`);
  }
}
