import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What training took of a trainer's memory: the trainer and the API forecast by the same measurements. */
export class CreateMemoryCorrections1764118800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE memory_corrections (
        trainer_id text,
        shape text,
        correction double precision NOT NULL,
        CONSTRAINT memory_corrections_pkey PRIMARY KEY (trainer_id, shape)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE memory_corrections`);
  }
}
