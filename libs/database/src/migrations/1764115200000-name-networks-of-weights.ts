import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Imported weights are of a network, which need not be an encoder. */
export class NameNetworksOfWeights1764115200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE weights RENAME COLUMN encoder TO network`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE weights RENAME COLUMN network TO encoder`);
  }
}
