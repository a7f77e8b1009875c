import { Slider } from 'radix-ui';
import { useEffect, useState } from 'react';
import { useView, useViewStore } from '../view/view-context.js';
import { Icon } from '../ui/icon.js';

interface Props {
  first: number;
  newest: number;
  /** Epochs that the runs will have in the end. */
  planned: number;
}

const playEveryMs = 350;

/** The epoch that is shown, clamped to what there is. */
export function useShownEpoch(newest: number): number {
  const chosen = useView('epoch');
  return Math.min(chosen ?? newest, newest);
}

/** ◀ play ▶ and the slider: the same epoch as the charts' cursor. */
export function EpochSlider({ first, newest, planned }: Props) {
  const store = useViewStore();
  const isFollowing = useView('epoch') === null;
  const epoch = Math.max(first, useShownEpoch(newest));
  const [isPlaying, setPlaying] = useState(false);
  const go = (next: number) => store.set({ epoch: Math.min(newest, Math.max(first, next)) });

  useEffect(() => {
    if (!isPlaying) return;
    const timer = window.setInterval(() => {
      const shown = store.get().epoch ?? newest;
      store.set({ epoch: shown >= newest ? first : shown + 1 });
    }, playEveryMs);
    return () => window.clearInterval(timer);
  }, [isPlaying, store, first, newest]);

  useEffect(() => {
    const toggle = () => setPlaying((playing) => !playing);
    window.addEventListener('chromatune:play', toggle);
    return () => window.removeEventListener('chromatune:play', toggle);
  }, []);

  const none = newest < first;
  return (
    <div className="epoch-bar" role="group" aria-label="Epoch of the samples and of the charts' cursor">
      <button
        type="button"
        className="icon"
        onClick={() => go(epoch - 1)}
        disabled={none || epoch <= first}
        aria-label="Previous epoch"
      >
        <Icon name="previous" />
      </button>
      <button
        type="button"
        className="icon"
        onClick={() => setPlaying(!isPlaying)}
        disabled={none || newest === first}
        aria-label={isPlaying ? 'Stop playing' : 'Play the epochs'}
      >
        <Icon name={isPlaying ? 'pause' : 'play'} />
      </button>
      <button
        type="button"
        className="icon"
        onClick={() => go(epoch + 1)}
        disabled={none || epoch >= newest}
        aria-label="Next epoch"
      >
        <Icon name="next" />
      </button>
      <Slider.Root
        className="slider"
        min={first}
        max={Math.max(first + 1, planned, newest)}
        value={[epoch]}
        disabled={none}
        onValueChange={([value = epoch]) => go(value)}
      >
        <Slider.Track className="slider-track">
          <span
            className="slider-done"
            style={{ width: share(newest, first, Math.max(first + 1, planned, newest)) }}
          />
          <Slider.Range className="slider-range" />
        </Slider.Track>
        <Slider.Thumb
          className="slider-thumb"
          aria-label="Epoch"
          aria-valuetext={`epoch ${epoch} of ${planned}`}
        />
      </Slider.Root>
      <output className="epoch-figure">
        epoch <b>{none ? '–' : epoch}</b> of {planned}
      </output>
      <button
        type="button"
        className="quiet"
        aria-pressed={isFollowing}
        onClick={() => store.set({ epoch: isFollowing ? newest : null })}
        title="Show the newest epoch and move on with it"
      >
        follow newest
      </button>
    </div>
  );
}

const share = (value: number, from: number, to: number) =>
  `${(100 * Math.max(0, value - from)) / Math.max(1, to - from)}%`;
