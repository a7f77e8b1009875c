import { type DatasetManifest, type DatasetVersion } from '@chromatune/contracts';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('dataset_versions')
@Index('dataset_versions_name_idx', ['name', 'createdAt'])
@Check('dataset_versions_importer_check', `importer IN ('photos', 'npy', 'synthetic')`)
export class DatasetVersionEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'dataset_versions_pkey' }) digest!: string;
  @Column('text') name!: string;
  @Column('text') importer!: DatasetVersion['importer'];
  @Column('integer', { name: 'image_size' }) imageSize!: number;
  @Column('json') images!: DatasetVersion['images'];
  @Column('bigint') bytes!: string;
  @Column('integer') shards!: number;
  @Column('json') manifest!: DatasetManifest;
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' }) createdAt!: Date;
}
