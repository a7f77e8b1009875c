import {
  type Dataset,
  type DatasetDetail,
  type DatasetManifest,
  type DatasetVersion,
  DomainError,
} from '@chromatune/contracts';
import { Like } from 'typeorm';
import { DatasetVersionEntity } from '../entities/dataset-version.entity.js';
import { type Session, type Sql } from '../session.js';

/** Dataset versions: immutable, known by the digest of their manifest. */
export class DatasetsStore {
  constructor(private readonly session: Session) {}

  /** The same digest again changes nothing and answers the stored version. */
  insertVersion(manifest: DatasetManifest, digest: string, bytes: number): Promise<DatasetVersion> {
    return this.session.transaction(async (sql) => {
      const inserted = await sql.rows(
        `INSERT INTO dataset_versions (digest, name, importer, image_size, images, bytes, shards, manifest)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING digest`,
        [
          digest,
          manifest.name,
          manifest.importer,
          manifest.imageSize,
          JSON.stringify(manifest.images),
          bytes,
          manifest.shards.length,
          JSON.stringify(manifest),
        ],
      );
      if (inserted.length > 0) await sql.announce({ type: 'datasets' });
      return toVersion(await sql.repository(DatasetVersionEntity).findOneByOrFail({ digest }));
    });
  }

  /** By name; the versions of each newest first. */
  list(): Promise<Dataset[]> {
    return this.session.read(async (sql) => {
      const versions = await findVersions(sql, {});
      const names = [...new Set(versions.map((version) => version.name))].sort();
      return names.map((name) => ({ name, versions: versions.filter((version) => version.name === name) }));
    });
  }

  find(name: string): Promise<Dataset | null> {
    return this.session.read(async (sql) => {
      const versions = await findVersions(sql, { name });
      return versions.length > 0 ? { name, versions } : null;
    });
  }

  version(digest: string): Promise<DatasetDetail | null> {
    return this.session.read(async (sql) => {
      const row = await sql.repository(DatasetVersionEntity).findOneBy({ digest });
      return row && { version: toVersion(row), manifest: row.manifest };
    });
  }

  /** `name` is its newest version, `name@digest` the one whose digest begins so. Errors: `dataset_not_found`, `dataset_ambiguous`. */
  resolve(reference: string): Promise<DatasetVersion> {
    const [name, digest = ''] = reference.split('@') as [string, string?];
    return this.session.read(async (sql) => {
      const found = await findVersions(sql, { name, ...(digest ? { digest: Like(`${digest}%`) } : {}) });
      if (digest && found.length > 1) throw ambiguous(reference, found);
      return found[0] ?? (await refuse(sql, name, digest));
    });
  }
}

type Where = NonNullable<Parameters<ReturnType<typeof repositoryOf>['findBy']>[0]>;
const repositoryOf = (sql: Sql) => sql.repository(DatasetVersionEntity);
/** All columns but the manifest, which can be megabytes. */
const listed = ['digest', 'name', 'importer', 'imageSize', 'images', 'bytes', 'shards', 'createdAt'] as const;

async function findVersions(sql: Sql, where: Where): Promise<DatasetVersion[]> {
  const rows = await repositoryOf(sql).find({
    select: Object.fromEntries(listed.map((column) => [column, true])),
    where,
    order: { createdAt: 'DESC', digest: 'ASC' },
    take: 2000,
  });
  return rows.map(toVersion);
}

async function refuse(sql: Sql, name: string, digest: string): Promise<never> {
  const versions = await findVersions(sql, {});
  const ofName = versions.filter((version) => version.name === name);
  if (digest && ofName.length > 0) {
    const known = ofName
      .map((version) => version.digest.slice(0, 12))
      .slice(0, 10)
      .join(', ');
    throw new DomainError('dataset_not_found', 404, `The dataset ${name} has no version ${digest}.`, {
      remedy: `Its versions are ${known}.`,
    });
  }
  const names = [...new Set(versions.map((version) => version.name))].sort().slice(0, 20).join(', ');
  throw new DomainError('dataset_not_found', 404, `There is no dataset ${name}.`, {
    remedy: names
      ? `There are: ${names}. Others are imported with: chromatune data import`
      : 'Import one first: chromatune data import photos DIR --name NAME',
  });
}

const ambiguous = (reference: string, versions: DatasetVersion[]) =>
  new DomainError('dataset_ambiguous', 409, `${reference} fits ${versions.length} versions.`, {
    remedy: `Write more of the digest: ${versions.map((version) => version.digest.slice(0, 20)).join(', ')}.`,
  });

const toVersion = (row: DatasetVersionEntity): DatasetVersion => ({
  digest: row.digest,
  name: row.name,
  importer: row.importer,
  imageSize: row.imageSize,
  images: row.images,
  bytes: Number(row.bytes),
  shards: row.shards,
  createdAt: row.createdAt.toISOString(),
});
