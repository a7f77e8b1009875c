import { type Weights } from '@chromatune/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('weights')
export class WeightsEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'weights_pkey' }) digest!: string;
  @Column('text') name!: string;
  @Column('text') network!: Weights['network'];
  @Column('integer') tensors!: number;
  @Column('bigint') bytes!: string;
  @Column('text') source!: string;
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' }) createdAt!: Date;
}
