import { useView, useViewStore } from '../view/view-context.js';
import { tileSizes } from '../view/view-state.js';

/** How large the pictures are, and on which grey they are judged. */
export function SampleTools() {
  const store = useViewStore();
  const size = useView('size');
  const isBooth = useView('booth');
  return (
    <div className="tools">
      <label className="check-label">
        <span className="tile-word">tiles</span>
        <span className="hidden">Size of the pictures</span>
        <select
          value={size ?? ''}
          onChange={(event) =>
            store.set({ size: event.target.value === '' ? null : Number(event.target.value) })
          }
        >
          <option value="">fit</option>
          {tileSizes.map((side) => (
            <option key={side} value={side}>
              {side} px
            </option>
          ))}
        </select>
      </label>
      <label className="check-label" title="Judge colours on a mid grey of L* 50, as in a viewing booth">
        <input
          type="checkbox"
          checked={isBooth}
          onChange={(event) => store.set({ booth: event.target.checked })}
        />{' '}
        L* 50 booth
      </label>
    </div>
  );
}
