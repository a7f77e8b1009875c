import {
  type ClassificationRecipe,
  classificationOf,
  metricCatalogue,
  type RunDetail,
  temperatureLimits,
} from '@chromatune/contracts';
import { useMutation } from '@tanstack/react-query';
import { type DragEvent, useEffect, useState } from 'react';
import { colorizePhoto } from '../api/client.js';
import { Awaited } from '../ui/awaited.js';
import { ProblemNote } from '../ui/problem-note.js';

interface Choice {
  epoch: string;
  temperature: string;
}

/** Colours a photograph of one's own with this run: chosen or dropped, beside what the run makes of it. */
export function ColorizePanel({ run }: { run: RunDetail }) {
  const bins = binsOf(run);
  const [photo, setPhoto] = useState<File | null>(null);
  const [choice, setChoice] = useState<Choice>({ epoch: 'best', temperature: '' });
  const coloring = useMutation({
    mutationFn: ({ file, ...options }: Choice & { file: File }) => colorizePhoto(run.id, file, options),
  });
  const color = (file: File | null | undefined, chosen = choice) => {
    if (!file) return;
    setPhoto(file);
    coloring.mutate({ file, ...chosen });
  };
  const change = (part: Partial<Choice>) => {
    const changed = { ...choice, ...part };
    setChoice(changed);
    color(photo, changed);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    color(event.dataTransfer.files[0]);
  };

  return (
    <section
      className="panel"
      aria-label="Your own photograph"
      onDrop={onDrop}
      onDragOver={(event) => event.preventDefault()}
    >
      <h2>Your own photograph</h2>
      {run.checkpoints.length === 0 ? (
        <Awaited runs={[run]} first="epoch">
          It can be coloured when the first epoch is done.
        </Awaited>
      ) : (
        <>
          <div className="tools colorize-tools">
            <label>
              Choose or drop one{' '}
              <input
                type="file"
                accept="image/jpeg,image/png,image/webp,image/tiff,image/avif"
                onChange={({ target }) => color(target.files?.[0])}
              />
            </label>
            <EpochChoice run={run} value={choice.epoch} onChange={(epoch) => change({ epoch })} />
            {bins && (
              <TemperatureChoice
                own={ownTemperature(bins)}
                value={choice.temperature}
                onChange={(temperature) => change({ temperature })}
              />
            )}
            <span role="status">{coloring.isPending && 'A trainer colours it …'}</span>
          </div>
          {coloring.error && <ProblemNote error={coloring.error} onRetry={() => color(photo)} />}
          {photo && <Pair photo={photo} picture={coloring.isPending ? null : (coloring.data ?? null)} />}
        </>
      )}
    </section>
  );
}

interface TemperatureProps {
  /** What the run itself takes. */
  own: string;
  value: string;
  onChange: (temperature: string) => void;
}

/** Tells of another temperature when it is typed completely, and only of one that can be. */
function TemperatureChoice({ own, value, onChange }: TemperatureProps) {
  const { min, max } = temperatureLimits;
  const [typed, setTyped] = useState(value);
  const [isPossible, setPossible] = useState(true);
  const settle = ({ validity, value: settled }: HTMLInputElement) => {
    const isInside = !(validity.badInput || validity.rangeUnderflow || validity.rangeOverflow);
    setPossible(isInside);
    if (isInside && settled !== value) onChange(settled);
  };
  return (
    <>
      <label title="Of the annealed mean: lower is more vivid; empty is the run's own">
        temperature{' '}
        <input
          type="number"
          min={min}
          max={max}
          step={0.01}
          placeholder={own}
          value={typed}
          aria-invalid={!isPossible}
          onChange={({ target }) => setTyped(target.value)}
          onBlur={({ target }) => settle(target)}
          onKeyDown={({ key, currentTarget }) => key === 'Enter' && settle(currentTarget)}
        />
      </label>
      {!isPossible && (
        <span className="command-error" role="alert">
          {min} to {max}
        </span>
      )}
    </>
  );
}

/** Those whose checkpoints are kept. */
function EpochChoice({
  run,
  value,
  onChange,
}: {
  run: RunDetail;
  value: string;
  onChange: (epoch: string) => void;
}) {
  const epochs = [...new Set(run.checkpoints.map(({ epoch }) => epoch))].filter(Number.isInteger);
  const best = run.checkpoints.find(({ isBest }) => isBest);
  return (
    <label>
      checkpoint{' '}
      <select value={value} onChange={({ target }) => onChange(target.value)}>
        <option value="best">best{best && ` in ${metricCatalogue[best.objective.metric].label}`}</option>
        {epochs.map((epoch) => (
          <option key={epoch} value={epoch}>
            epoch {epoch}
          </option>
        ))}
      </select>
    </label>
  );
}

function Pair({ photo, picture }: { photo: File; picture: Blob | null }) {
  const before = useAddressOf(photo);
  const after = useAddressOf(picture);
  return (
    <div className="colorize-pair">
      {before && <Before key={before} address={before} name={photo.name} />}
      {after && (
        <figure>
          <img src={after} alt={`${photo.name} coloured by this run`} />
          <figcaption>
            coloured by this run,{' '}
            <a href={after} download={nameOfPicture(photo.name, picture)}>
              save it
            </a>
          </figcaption>
        </figure>
      )}
    </div>
  );
}

/** Trainers read more kinds of pictures than browsers do. */
function Before({ address, name }: { address: string; name: string }) {
  const [isShown, setShown] = useState(true);
  return (
    <figure>
      {isShown && <img src={address} alt={`${name} as it was`} onError={() => setShown(false)} />}
      <figcaption>{isShown ? 'as it was' : `This browser cannot show ${name}.`}</figcaption>
    </figure>
  );
}

/** "colorized-rose.png" of "rose.webp": with the ending of what it is now. */
const nameOfPicture = (name: string, picture: Blob | null) =>
  picture?.type === 'image/jpeg' ? `colorized-${name}` : `colorized-${name.replace(/\.[^.]+$/, '')}.png`;

/** An address of the page's own for a picture in memory, given back when it is not shown any more. */
function useAddressOf(picture: Blob | null): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (!picture) return setAddress(null);
    const made = URL.createObjectURL(picture);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [picture]);
  return address;
}

/** What colours its bins become by, where it predicts any. */
function binsOf({ recipe: { loss } }: RunDetail): ClassificationRecipe | null {
  return loss.type === 'combined' && loss.decodeFrom === 'regression' ? null : classificationOf(loss);
}

const ownTemperature = ({ decoding }: ClassificationRecipe) =>
  decoding.type === 'annealed-mean' ? String(decoding.temperature) : decoding.type;
