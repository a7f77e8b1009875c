import type { FocusEvent, KeyboardEvent } from 'react';

/** Makes a `<details>` a menu: it closes when the focus leaves it, or by Escape. */
export const closeWhenLeft = {
  onBlur: ({ currentTarget, relatedTarget }: FocusEvent<HTMLDetailsElement>) => {
    if (!currentTarget.contains(relatedTarget)) currentTarget.open = false;
  },
  onKeyDown: (event: KeyboardEvent<HTMLDetailsElement>) => {
    if (event.key !== 'Escape' || !event.currentTarget.open) return;
    event.currentTarget.open = false;
    event.currentTarget.querySelector('summary')?.focus();
    event.preventDefault();
  },
};
