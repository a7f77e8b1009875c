import { type Sample } from '@chromatune/contracts';
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { RunEntity } from './run.entity.js';

@Entity('samples')
export class SampleEntity {
  @ForeignKey(() => RunEntity, { name: 'samples_run_id_fkey' })
  @PrimaryColumn('text', { name: 'run_id', primaryKeyConstraintName: 'samples_pkey' })
  runId!: string;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'samples_pkey' }) attempt!: number;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'samples_pkey' }) epoch!: number;
  @Column('integer') step!: number;
  @Column('text') key!: string;
  @Column('integer', { name: 'tile_size' }) tileSize!: number;
  @Column('json') images!: Sample['images'];
  @Column('timestamptz') at!: Date;
}
