import type { DatasetPrior } from '@chromatune/contracts';
import { labToCss } from '../images/lab.js';

/** 8-bit a and b reach from -128 to 127. */
const reach = 128;

/** Where the colours of a dataset lie in the ab plane: each bin in its own colour, its share as its size (log). */
export function PriorChart({ prior: { bins, binGridSize, count } }: { prior: DatasetPrior }) {
  const shares = bins.map(({ share }) => share);
  const [least, most] = [Math.min(...shares), Math.max(...shares)];
  const sizeOf = (share: number) =>
    binGridSize * (most === least ? 1 : 0.18 + (0.82 * Math.log(share / least)) / Math.log(most / least));
  return (
    <svg
      className="prior-chart"
      viewBox={`${-reach - 14} ${-reach - 4} ${2 * reach + 20} ${2 * reach + 18}`}
      role="img"
      aria-label={`Colours in the ab plane: ${bins.length} of ${count} bins hold some`}
    >
      <rect x={-reach} y={-reach} width={2 * reach} height={2 * reach} className="prior-field" />
      <path d={`M${-reach} 0H${reach}M0 ${-reach}V${reach}`} className="prior-axis" />
      {bins.map(({ a, b, share }) => {
        const size = sizeOf(share);
        return (
          <rect
            key={`${a} ${b}`}
            x={a - size / 2}
            y={-b - size / 2}
            width={size}
            height={size}
            fill={labToCss(65, a, b)}
          >
            <title>{`a ${a}, b ${b}: ${percent(share)} of the pixels`}</title>
          </rect>
        );
      })}
      <text x={reach} y={reach + 10} textAnchor="end">
        a: green to red →
      </text>
      <text x={-reach - 4} y={-reach} textAnchor="end" transform={`rotate(-90 ${-reach - 4} ${-reach})`}>
        b: blue to yellow →
      </text>
    </svg>
  );
}

/** Three digits of a share that may be small: "12.3 %", "0.00142 %". */
export const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;
