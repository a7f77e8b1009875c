import type { Run } from '@chromatune/contracts';
import { useMemo } from 'react';
import { Curves } from '../charts/curves.js';
import { identitiesOf } from '../charts/identity.js';
import { EpochSlider, useShownEpoch } from '../images/epoch-slider.js';
import { Loupe } from '../images/loupe.js';
import { greySource, runSource, sampledImages, truthSource } from '../images/sample-sources.js';
import { SampleTable, useSamples } from '../images/sample-table.js';
import { SampleTools } from '../images/sample-tools.js';
import { Awaited } from '../ui/awaited.js';
import { ProblemNote } from '../ui/problem-note.js';
import type { Objective } from '../view/objective.js';
import { defaultSelection, type EpochRange, epochRange, whyNoneShown } from '../view/selection.js';
import { useView, useViewStore } from '../view/view-context.js';
import { useViewKeys } from '../view/view-keys.js';
import { RunsTable } from './runs-table.js';

interface Props {
  runs: Run[];
  varying: readonly string[];
  objective: Objective;
  /** Dataset version of each run, whose photographs it coloured. */
  digestOf: (run: Run) => string | undefined;
  /** Runs that are shown, by id; null for the usual ones. */
  chosen: string[] | null;
  onChoose: (ids: string[]) => void;
}

/** Table, curves and samples of runs: one selection and one epoch through all of them. */
export function RunsBody({ runs, varying, objective, digestOf, chosen, onChoose }: Props) {
  const identities = useMemo(() => identitiesOf(runs), [runs]);
  const selected = useSelected(runs, chosen, objective);
  const { samples, areKnown, error } = useSamples(selected);
  const range = useMemo(() => epochRange(selected, samples), [selected, samples]);

  return (
    <div className="runs-body">
      <RunsTable
        runs={runs}
        varying={varying}
        objective={objective}
        identities={identities}
        selected={new Set(selected.map(({ id }) => id))}
        onSelect={onChoose}
      />
      <Curves
        runs={selected}
        identities={identities}
        newestEpoch={range.newest}
        empty={whyNoneShown(runs, chosen)}
      />
      <SamplesSection
        runs={selected}
        samples={samples}
        areKnown={areKnown}
        identities={identities}
        range={range}
        digestOf={digestOf}
        error={error}
      />
    </div>
  );
}

/** The ids that a page shows, so that it can ask for their live points. */
export function shownIds(runs: readonly Run[], chosen: string[] | null, objective: Objective): string[] {
  if (chosen === null) return defaultSelection(runs, objective);
  return runs.filter(({ id }) => chosen.includes(id)).map(({ id }) => id);
}

function useSelected(runs: Run[], chosen: string[] | null, objective: Objective): Run[] {
  return useMemo(() => {
    const ids = new Set(shownIds(runs, chosen, objective));
    return runs.filter(({ id }) => ids.has(id));
  }, [runs, chosen, objective]);
}

type SampleLists = ReturnType<typeof useSamples>['samples'];

interface SamplesProps extends Pick<Props, 'digestOf'> {
  runs: Run[];
  samples: SampleLists;
  areKnown: boolean;
  identities: ReturnType<typeof identitiesOf>;
  range: EpochRange;
  error: unknown;
}

function SamplesSection({ runs, samples, areKnown, identities, range, digestOf, error }: SamplesProps) {
  const isBooth = useView('booth');
  const groups = useMemo(() => groupByDataset(runs, samples, digestOf), [runs, samples, digestOf]);
  if (runs.length === 0) return null;
  return (
    <section className="sample-section" aria-label="Samples" data-booth={isBooth || undefined}>
      <div className="sample-head">
        <EpochSlider {...range} />
        <SampleTools />
      </div>
      {error ? <ProblemNote error={error} /> : null}
      {groups.length === 0 && (
        <Awaited runs={runs} first="samples" isKnown={areKnown && runs.every(digestOf)}>
          The first samples come when the first epoch is done.
        </Awaited>
      )}
      {groups.map((group) => (
        <SampleTable key={group.digest} {...group} identities={identities} newestEpoch={range.newest} />
      ))}
      {groups[0] && <KeysAndLoupe {...groups[0]} range={range} />}
    </section>
  );
}

interface Group {
  digest: string;
  runs: Run[];
  samples: SampleLists;
  images: number[];
}

/** The keys speak about one table, and so does the loupe: the first dataset's. */
function KeysAndLoupe({ digest, runs, samples, images, range }: Group & { range: EpochRange }) {
  const store = useViewStore();
  const epoch = Math.max(range.first, useShownEpoch(range.newest));
  useViewKeys(store, { epochs: [range.first, range.newest], images, runCount: runs.length });
  const sources = useMemo(
    () => [
      greySource(digest),
      truthSource(digest),
      ...runs.map((run, index) => runSource(run, samples[index] ?? [], epoch)),
    ],
    [digest, runs, samples, epoch],
  );
  return <Loupe sources={sources} epoch={epoch} images={images} />;
}

/** Runs of other dataset versions coloured other photographs: they get a table of their own. */
function groupByDataset(runs: Run[], samples: SampleLists, digestOf: Props['digestOf']): Group[] {
  const groups = new Map<string, Group>();
  for (const [index, run] of runs.entries()) {
    const digest = digestOf(run);
    if (!digest) continue;
    const group = groups.get(digest) ?? { digest, runs: [], samples: [], images: [] };
    group.runs.push(run);
    group.samples.push(samples[index] ?? []);
    groups.set(digest, group);
  }
  return [...groups.values()]
    .map((group) => ({ ...group, images: sampledImages(group.samples) }))
    .filter(({ images }) => images.length > 0);
}
