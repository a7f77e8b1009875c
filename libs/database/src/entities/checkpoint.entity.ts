import { type Checkpoint } from '@chromatune/contracts';
import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { RunEntity } from './run.entity.js';

@Entity('checkpoints')
@Check('checkpoints_kind_check', `kind IN ('epoch', 'pause', 'final')`)
export class CheckpointEntity {
  @ForeignKey(() => RunEntity, { name: 'checkpoints_run_id_fkey' })
  @PrimaryColumn('text', { name: 'run_id', primaryKeyConstraintName: 'checkpoints_pkey' })
  runId!: string;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'checkpoints_pkey' }) attempt!: number;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'checkpoints_pkey' }) step!: number;
  @Column('double precision') epoch!: number;
  @Column('text') kind!: Checkpoint['kind'];
  @Column('text') key!: string;
  @Column('bigint') bytes!: string;
  @Column('text') sha256!: string;
  @Column('text', { name: 'weights_sha256' }) weightsSha256!: string;
  @Column('double precision', { name: 'ab_rmse', nullable: true }) abRmse!: number | null;
  @Column('timestamptz') at!: Date;
  /** When its file was taken from the object store; the row stays as history. */
  @Column('timestamptz', { name: 'removed_at', nullable: true }) removedAt!: Date | null;
}
