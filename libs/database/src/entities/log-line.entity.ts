import { type LogLine } from '@chromatune/contracts';
import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { RunEntity } from './run.entity.js';

@Entity('log_lines')
@Check('log_lines_level_check', `level IN ('info', 'warn', 'error')`)
export class LogLineEntity {
  @ForeignKey(() => RunEntity, { name: 'log_lines_run_id_fkey' })
  @PrimaryColumn('text', { name: 'run_id', primaryKeyConstraintName: 'log_lines_pkey' })
  runId!: string;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'log_lines_pkey' }) attempt!: number;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'log_lines_pkey' }) seq!: number;
  @Column('text') level!: LogLine['level'];
  @Column('text') message!: string;
  @Column('timestamptz') at!: Date;
}
