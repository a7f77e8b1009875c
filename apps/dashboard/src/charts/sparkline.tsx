import { type Curve, fromMeasured } from '@chromatune/contracts';

interface Props {
  curve: Curve | null | undefined;
  color: string;
  label: string;
}

const width = 72;
const height = 18;

/** A curve at a glance; gaps and non-finite values break the line. */
export function Sparkline({ curve, color, label }: Props) {
  const path = curve ? sparkPath(curve) : '';
  return (
    <svg className="sparkline" width={width} height={height} role="img" aria-label={label}>
      {path && <path d={path} fill="none" stroke={color} strokeWidth="1.25" strokeLinejoin="round" />}
    </svg>
  );
}

export function sparkPath({ buckets }: Pick<Curve, 'buckets'>): string {
  const values = buckets.map(({ last }) => fromMeasured(last));
  const finite = values.filter(Number.isFinite);
  const min = Math.min(...finite);
  const span = Math.max(...finite) - min || 1;
  const lastStep = buckets.at(-1)?.stepTo ?? 1;
  const firstStep = buckets[0]?.stepTo ?? 0;
  const stepSpan = lastStep - firstStep || 1;

  let pen = 'M';
  return values
    .map((value, index) => {
      if (!Number.isFinite(value)) {
        pen = 'M';
        return '';
      }
      const x = 1 + ((width - 2) * ((buckets[index]?.stepTo ?? 0) - firstStep)) / stepSpan;
      const y = 2 + (height - 4) * (1 - (value - min) / span);
      const command = `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
      pen = 'L';
      return command;
    })
    .join('');
}
