import type { Dataset, DatasetDetail, DatasetManifest, Split } from '@chromatune/contracts';
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { addresses } from '../api/client.js';
import { useLive } from '../api/live-context.js';
import { queries } from '../api/queries.js';
import { Fact } from '../ui/fact.js';
import { formatBytes, formatCount, formatInstant, plural, shortDigest } from '../ui/format.js';
import { Loaded } from '../ui/loaded.js';
import { useTitle } from '../ui/use-title.js';
import { useSearchWords } from '../view/use-search-words.js';
import { PriorPanel } from './prior-panel.js';

export function DatasetPage() {
  const { name = '' } = useParams();
  const dataset = useQuery(queries.dataset(name));
  useTitle(name);
  useLive([]);
  return (
    <div className="page">
      <Loaded query={dataset} label="the dataset" heading={`Dataset ${name}`}>
        {(found) => <Versions dataset={found} />}
      </Loaded>
    </div>
  );
}

function Versions({ dataset }: { dataset: Dataset }) {
  const [query, changeQuery] = useSearchWords();
  const asked = query.get('version') ?? '';
  const found = versionOf(dataset, asked);
  const shown = (found ?? dataset.versions[0])?.digest ?? '';
  const detail = useQuery({ ...queries.datasetVersion(shown), enabled: shown !== '' });
  return (
    <>
      <header className="page-head">
        <h1>{dataset.name}</h1>
        <label>
          version{' '}
          <select value={shown} onChange={({ target }) => changeQuery({ version: target.value })}>
            {dataset.versions.map((version, index) => (
              <option key={version.digest} value={version.digest}>
                {shortDigest(version.digest)}
                {index === 0 ? ' (newest)' : ''} · {formatInstant(version.createdAt).slice(0, 10)}
              </option>
            ))}
          </select>
        </label>
      </header>
      {asked !== '' && !found && (
        <p className="problem" role="status">
          There is no version <code>{asked}</code> of {dataset.name}. This is the newest.
        </p>
      )}
      <Loaded query={detail} label="the version" lines={12}>
        {(loaded) => <VersionView detail={loaded} />}
      </Loaded>
    </>
  );
}

/** By the beginning of its digest, and the newest when none is asked for. */
const versionOf = ({ versions }: Dataset, asked: string) =>
  asked === '' ? versions[0] : versions.find(({ digest }) => digest.startsWith(asked));

function VersionView({ detail: { version, manifest } }: { detail: DatasetDetail }) {
  const { statistics, card } = manifest;
  return (
    <div className="dataset-body">
      <section className="panel" aria-label="About">
        <h2>{card.title}</h2>
        <p className="prose">{card.description}</p>
        <dl className="facts facts-stack">
          <Fact name="made from">
            {formatCount(manifest.sources)} {manifest.importer === 'photos' ? 'photographs' : 'sources'}, as{' '}
            {manifest.imageSize} × {manifest.imageSize} px
          </Fact>
          <Fact name="options">
            {Object.entries(manifest.options)
              .map(([key, value]) => `${key} ${value}`)
              .join(', ') || 'none'}
          </Fact>
          <Fact name="digest">
            <code>{version.digest}</code>
          </Fact>
          <Fact name="size">
            {formatBytes(version.bytes)} in {manifest.shards.length} shards
          </Fact>
        </dl>
      </section>
      <PriorPanel digest={version.digest} statistics={statistics} />
      <ContactSheets digest={version.digest} images={manifest.images} />
      <ShardTable manifest={manifest} />
      <Credits manifest={manifest} />
      {manifest.skipped.length > 0 && <Skipped manifest={manifest} />}
    </div>
  );
}

const splits: Split[] = ['train', 'validation', 'test'];

function ContactSheets({ digest, images }: { digest: string; images: Record<Split, number> }) {
  return (
    <section className="panel contact" aria-label="Contact sheets">
      <h2>Contact sheets</h2>
      {splits.map((split) => (
        <figure key={split}>
          <figcaption>
            {split} <span className="unit">{plural(images[split], 'image')}</span>
          </figcaption>
          <img
            src={addresses.picture(digest, split)}
            alt={`Some images of the ${split} split`}
            loading="lazy"
          />
        </figure>
      ))}
    </section>
  );
}

function ShardTable({ manifest }: { manifest: DatasetManifest }) {
  return (
    <section className="panel" aria-label="Shards">
      <h2>Shards</h2>
      <div className="table-box table-tall" tabIndex={0} role="region" aria-label="Table of shards">
        <table className="list">
          <thead>
            <tr>
              <th scope="col">split</th>
              <th scope="col" className="figure">
                images
              </th>
              <th scope="col">file</th>
              <th scope="col" className="figure">
                bytes
              </th>
              <th scope="col">SHA-256</th>
            </tr>
          </thead>
          <tbody>
            {manifest.shards.flatMap((shard) =>
              [shard.l, shard.ab].map((file) => (
                <tr key={file.name}>
                  <td>{shard.split}</td>
                  <td className="figure">{formatCount(shard.images)}</td>
                  <td>{file.name}</td>
                  <td className="figure">{formatBytes(file.bytes)}</td>
                  <td>
                    <code title={file.sha256}>{shortDigest(file.sha256)}</code>
                  </td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Credits({ manifest: { card } }: { manifest: DatasetManifest }) {
  const byLicence = new Map<string, number>();
  for (const { licence } of card.credits) byLicence.set(licence, (byLicence.get(licence) ?? 0) + 1);
  return (
    <section className="panel" aria-label="Licences">
      <h2>Licences and credits</h2>
      {card.credits.length === 0 && <p className="table-empty">The importer was told of no licence.</p>}
      <ul className="plain">
        {[...byLicence].map(([licence, count]) => (
          <li key={licence}>
            {licence} <span className="unit">{plural(count, 'file')}</span>
          </li>
        ))}
      </ul>
      {card.credits.length > 0 && (
        <details>
          <summary>Every file</summary>
          <div className="table-box table-tall" tabIndex={0} role="region" aria-label="Credits">
            <table className="list">
              <tbody>
                {card.credits.map(({ file, licence, author }) => (
                  <tr key={file}>
                    <td>{file}</td>
                    <td>{licence}</td>
                    <td>{author}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </section>
  );
}

function Skipped({ manifest: { skipped } }: { manifest: DatasetManifest }) {
  return (
    <section className="panel" aria-label="Skipped files">
      <h2>
        Skipped files <span className="unit">{formatCount(skipped.length)}</span>
      </h2>
      <div className="table-box table-tall" tabIndex={0} role="region" aria-label="Skipped files and why">
        <table className="list cards">
          <tbody>
            {skipped.map(({ file, reason }) => (
              <tr key={file}>
                <th scope="row" className="name">
                  {file}
                </th>
                <td className="wrap hint">{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
