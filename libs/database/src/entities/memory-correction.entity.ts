import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('memory_corrections')
export class MemoryCorrectionEntity {
  @PrimaryColumn('text', { name: 'trainer_id', primaryKeyConstraintName: 'memory_corrections_pkey' })
  trainerId!: string;
  /** See `memoryShape` in libs/models. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'memory_corrections_pkey' }) shape!: string;
  @Column('double precision') correction!: number;
}
