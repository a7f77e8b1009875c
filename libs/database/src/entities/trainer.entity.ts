import { type Environment } from '@chromatune/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('trainers')
export class TrainerEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'trainers_pkey' }) id!: string;
  @Column('text') host!: string;
  @Column('text') pool!: string;
  @Column('integer') slots!: number;
  @Column('json') environment!: Environment;
  @Column('text', { name: 'engine_reason' }) engineReason!: string;
  @Column('bigint', { name: 'memory_bytes' }) memoryBytes!: string;
  @Column('boolean', { default: false }) draining!: boolean;
  @Column('timestamptz', { name: 'started_at', default: () => 'now()' }) startedAt!: Date;
  @Column('timestamptz', { name: 'last_seen_at', default: () => 'now()' }) lastSeenAt!: Date;
}
