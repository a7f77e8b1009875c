import { type DatasetManifest, priorQuery, type PriorQuery, trainingParameters } from '@chromatune/contracts';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { queries } from '../api/queries.js';
import { percent, PriorChart } from '../charts/prior-chart.js';
import { Fact } from '../ui/fact.js';
import { formatMetricWithUnit } from '../ui/format.js';
import { Loaded } from '../ui/loaded.js';
import { useSearchWords } from '../view/use-search-words.js';

interface Props {
  digest: string;
  statistics: DatasetManifest['statistics'];
}

/** The colours of the training split over any bins that a recipe can ask for: what there is to learn before any training. */
export function PriorPanel({ digest, statistics }: Props) {
  const [bins, setBins] = useBins();
  const prior = useQuery({ ...queries.datasetPrior(digest, bins), placeholderData: keepPreviousData });
  return (
    <section className="panel" aria-label="Colours">
      <h2>Colours of the training split</h2>
      <div className="tools">
        <Choice
          name="bin set"
          value={bins.binSet}
          values={binSets}
          onChange={(binSet) => setBins({ binSet })}
        />
        <Choice
          name="grid size"
          value={String(bins.binGridSize)}
          values={bins.binSet === 'zhang-313' ? ['10'] : gridSizes(bins.binGridSize)}
          onChange={(size) => setBins({ binGridSize: Number(size) })}
        />
      </div>
      <Loaded query={prior} label="the prior" lines={8}>
        {(found) => {
          const grey = found.bins.find(({ a, b }) => a === 0 && b === 0);
          return (
            <>
              <PriorChart prior={found} />
              <p className="hint">A square&apos;s size is the logarithm of the bin&apos;s share.</p>
              <dl className="facts facts-stack">
                <Fact name="bins that hold colours">
                  {found.bins.length} of {found.count}
                </Fact>
                <Fact name="neutral grey">
                  {found.binSet === 'corner' ? 'no bin is centred on it' : percent(grey?.share ?? 0)}
                </Fact>
                <Fact name="entropy">
                  {found.entropy.toFixed(2)} nats; {Math.log(found.count).toFixed(2)} if all bins were as
                  frequent
                </Fact>
              </dl>
            </>
          );
        }}
      </Loaded>
      <dl className="facts facts-stack">
        <Fact name="mean chroma">{statistics.meanChroma.toFixed(1)}</Fact>
        <Fact name="mean a, b">{statistics.meanAb.map((value) => value.toFixed(1)).join(', ')}</Fact>
        <Fact name="out of gamut">{(100 * statistics.outOfGamutShare).toFixed(2)} % of pixels</Fact>
      </dl>
      <h3>Without any training</h3>
      <table className="pairs">
        <tbody>
          {(['meanColor', 'grey'] as const).map((key) => (
            <tr key={key}>
              <th scope="row">{key === 'grey' ? 'grey' : 'mean colour'}</th>
              <td>{formatMetricWithUnit('validation/abRmse', statistics.baselines[key].abRmse)} RMSE</td>
              <td>{formatMetricWithUnit('validation/psnr', statistics.baselines[key].psnr)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const binSets = trainingParameters.binSet.unwrap().options;
/** Those of the report and of its literature, and the one that an address asks for. */
const gridSizes = (asked: number) =>
  [...new Set([5, 10, 15, 20, 30, 40, asked])].sort((one, other) => one - other).map(String);

/** The chosen bins, in the page's address. */
function useBins(): [PriorQuery, (changed: Partial<PriorQuery>) => void] {
  const [query, changeQuery] = useSearchWords();
  const binSet = binSets.find((set) => set === query.get('binSet')) ?? usual.binSet;
  const size = trainingParameters.binGridSize.safeParse(Number(query.get('binGridSize'))).data;
  const binGridSize = binSet === 'zhang-313' ? usual.binGridSize : (size ?? usual.binGridSize);
  return [{ binSet, binGridSize }, changeQuery];
}

/** What is shown unless the address says otherwise. */
const usual = priorQuery.parse({});

interface ChoiceProps<T extends string> {
  name: string;
  value: T;
  values: readonly T[];
  onChange: (value: T) => void;
}

const Choice = <T extends string>({ name, value, values, onChange }: ChoiceProps<T>) => (
  <label>
    {name}{' '}
    <select value={value} onChange={(event) => onChange(event.target.value as T)}>
      {values.map((one) => (
        <option key={one}>{one}</option>
      ))}
    </select>
  </label>
);
