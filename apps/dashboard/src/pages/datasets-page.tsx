import type { Dataset } from '@chromatune/contracts';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { useLive } from '../api/live-context.js';
import { queries } from '../api/queries.js';
import { Age } from '../ui/age.js';
import { formatBytes, formatCount, shortDigest } from '../ui/format.js';
import { Loaded } from '../ui/loaded.js';
import { useTitle } from '../ui/use-title.js';

export function DatasetsPage() {
  useTitle('Datasets');
  useLive([]);
  const datasets = useQuery(queries.datasets());
  return (
    <div className="page">
      <header className="page-head">
        <h1>Datasets</h1>
      </header>
      <Loaded query={datasets} label="datasets">
        {(list) => (list.length === 0 ? <NoDataset /> : <DatasetTable datasets={list} />)}
      </Loaded>
    </div>
  );
}

function NoDataset() {
  return (
    <div className="empty">
      <h2>No dataset yet</h2>
      <p>A folder of photographs becomes one; every version of it stays as it was.</p>
      <pre tabIndex={0} aria-label="Command">
        <code>npx chromatune data import photos ~/Pictures --name my-photos</code>
      </pre>
    </div>
  );
}

function DatasetTable({ datasets }: { datasets: Dataset[] }) {
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label="Table of datasets">
      <table className="list cards">
        <thead>
          <tr>
            <th scope="col">dataset</th>
            <th scope="col">newest version</th>
            <th scope="col">made from</th>
            <th scope="col" className="figure">
              image size
            </th>
            <th scope="col" className="figure">
              train
            </th>
            <th scope="col" className="figure">
              validation
            </th>
            <th scope="col" className="figure">
              test
            </th>
            <th scope="col" className="figure">
              bytes
            </th>
            <th scope="col">imported</th>
          </tr>
        </thead>
        <tbody>
          {datasets.map(({ name, versions: [newest, ...older] }) => (
            <tr key={name}>
              <th scope="row">
                <Link to={`/datasets/${name}`} className="row-link">
                  {name}
                </Link>
                {older.length > 0 && <span className="sub">{older.length + 1} versions</span>}
              </th>
              {newest && (
                <>
                  <td data-label="newest version">
                    <code>{shortDigest(newest.digest)}</code>
                  </td>
                  <td data-label="made from">{newest.importer}</td>
                  <td className="figure" data-label="image size">
                    {newest.imageSize} × {newest.imageSize} px
                  </td>
                  {(['train', 'validation', 'test'] as const).map((split) => (
                    <td key={split} className="figure" data-label={split}>
                      {formatCount(newest.images[split])}
                    </td>
                  ))}
                  <td className="figure" data-label="bytes">
                    {formatBytes(newest.bytes)}
                  </td>
                  <td data-label="imported">
                    <Age instant={newest.createdAt} />
                  </td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
