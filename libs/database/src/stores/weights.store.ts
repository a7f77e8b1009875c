import { type Weights } from '@chromatune/contracts';
import { In } from 'typeorm';
import { WeightsEntity } from '../entities/weights.entity.js';
import { type Session, storable } from '../session.js';

/** Imported weights: immutable, known by the digest of their file. */
export class WeightsStore {
  constructor(private readonly session: Session) {}

  /** The same digest again changes nothing and answers what is stored. */
  insert(weights: Omit<Weights, 'createdAt'>): Promise<Weights> {
    const { digest, name, network, tensors, bytes, source } = weights;
    return this.session.transaction(async (sql) => {
      await sql.rows(
        `INSERT INTO weights (digest, name, network, tensors, bytes, source)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
        [digest, name, network, tensors, bytes, storable(source)],
      );
      return toWeights(await sql.repository(WeightsEntity).findOneByOrFail({ digest }));
    });
  }

  /** Newest first. */
  list(): Promise<Weights[]> {
    return this.session.read(async (sql) => {
      const rows = await sql.repository(WeightsEntity).find({
        order: { createdAt: 'DESC', digest: 'ASC' },
        take: 2000,
      });
      return rows.map(toWeights);
    });
  }

  /** Those of these digests that there are. */
  find(digests: string[]): Promise<Weights[]> {
    return this.session.read(async (sql) =>
      (await sql.repository(WeightsEntity).findBy({ digest: In(digests) })).map(toWeights),
    );
  }
}

const toWeights = ({ bytes, createdAt, ...row }: WeightsEntity): Weights => ({
  digest: row.digest,
  name: row.name,
  network: row.network,
  tensors: row.tensors,
  bytes: Number(bytes),
  source: row.source,
  createdAt: createdAt.toISOString(),
});
