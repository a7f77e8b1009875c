const shapes = {
  previous: 'M11 3L5 8l6 5z',
  next: 'M5 3l6 5-6 5z',
  play: 'M4 2.5v11l9-5.5z',
  pause: 'M4 3h3v10H4zM9 3h3v10H9z',
  stop: 'M4 4h8v8H4z',
  close: 'M4 3l4 4 4-4 1 1-4 4 4 4-1 1-4-4-4 4-1-1 4-4-4-4z',
  sun: 'M8 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM7.4.5h1.2v2H7.4zM7.4 13.5h1.2v2H7.4zM.5 7.4h2v1.2h-2zM13.5 7.4h2v1.2h-2zM2.3 3.1l.8-.8 1.5 1.4-.9.9zM11.4 12.3l.9-.9 1.4 1.5-.8.8zM12.9 2.3l.8.8-1.4 1.5-.9-.9zM3.7 11.4l.9.9-1.5 1.4-.8-.8z',
  moon: 'M6 1.5a6.8 6.8 0 1 0 8.5 8.5A5.6 5.6 0 0 1 6 1.5z',
  auto: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM8 3v10A5 5 0 0 0 8 3z',
  up: 'M8 4l5 7H3z',
  down: 'M8 12L3 5h10z',
} as const;
export type IconName = keyof typeof shapes;

/** A small drawing in the colour of the text; what it means is said by its button's label. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true" fill="currentColor">
      <path d={shapes[name]} />
    </svg>
  );
}
