import { labToCss } from '../images/lab.js';
import { formatCount } from '../ui/format.js';

/** Cells of 10 ab units from -130 to 129, as in `datasetStatistics`. */
const cells = 26;
const side = 10;

/** Where the colours of a dataset lie in the ab plane: each cell in its own colour, its weight as its size (log). */
export function AbHistogram({ counts }: { counts: readonly number[] }) {
  const total = counts.reduce((sum, count) => sum + count, 0) || 1;
  const most = Math.max(...counts, 1);
  const used = counts.filter((count) => count > 0).length;
  return (
    <figure className="histogram">
      <svg
        viewBox={`-14 -2 ${cells * side + 18} ${cells * side + 16}`}
        role="img"
        aria-label={`Histogram of ab: ${used} of ${cells * cells} cells are used`}
      >
        <rect x="0" y="0" width={cells * side} height={cells * side} className="histogram-field" />
        <path
          d={`M0 ${side * 13}H${cells * side}M${side * 13} 0V${cells * side}`}
          className="histogram-axis"
        />
        {counts.map((count, index) => {
          if (count === 0) return null;
          const a = Math.floor(index / cells) - 13;
          const b = (index % cells) - 13;
          const size = side * Math.max(0.18, Math.log1p(count) / Math.log1p(most));
          return (
            <rect
              key={index}
              x={(a + 13) * side + (side - size) / 2}
              y={(12 - b) * side + (side - size) / 2}
              width={size}
              height={size}
              fill={labToCss(65, a * 10 + 5, b * 10 + 5)}
            >
              <title>{`a ${a * 10}…${a * 10 + 9}, b ${b * 10}…${b * 10 + 9}: ${formatCount(count)} pixels, ${((100 * count) / total).toFixed(2)} %`}</title>
            </rect>
          );
        })}
        <text x={cells * side} y={cells * side + 10} textAnchor="end">
          a: green to red →
        </text>
        <text x={-4} y={0} textAnchor="end" transform="rotate(-90 -4 0)">
          b: blue to yellow →
        </text>
      </svg>
      <figcaption className="hint">
        {used} of {cells * cells} cells of 10 × 10 ab units; size is the logarithm of the pixels in it.
      </figcaption>
    </figure>
  );
}
