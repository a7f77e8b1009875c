import { type FocusEvent, type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';

interface Props {
  /** What opens it, and its name where that is only a sign. */
  sign: ReactNode;
  label?: string;
  hint?: string;
  className?: string;
  children: ReactNode;
}

/** A `<details>` that opens over the page, and closes by Escape or when one turns to something else. */
export function Menu({ sign, label, hint, className = '', children }: Props) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const closeFromOutside = ({ target }: PointerEvent) => {
      if (menu.current && !menu.current.contains(target as Node)) menu.current.open = false;
    };
    document.addEventListener('pointerdown', closeFromOutside);
    return () => document.removeEventListener('pointerdown', closeFromOutside);
  }, []);
  return (
    <details ref={menu} className={`menu ${className}`} onBlur={closeWhenLeft} onKeyDown={closeByEscape}>
      <summary aria-label={label} title={hint}>
        {sign}
      </summary>
      {/* It takes the focus of a click on its text, which would else go to something around the menu. */}
      <div className="menu-body" tabIndex={-1}>
        {children}
      </div>
    </details>
  );
}

/** Not when the focus goes to nothing, as while the window is left. */
function closeWhenLeft({ currentTarget, relatedTarget }: FocusEvent<HTMLDetailsElement>): void {
  if (relatedTarget && !currentTarget.contains(relatedTarget)) currentTarget.open = false;
}

function closeByEscape(event: KeyboardEvent<HTMLDetailsElement>): void {
  if (event.key !== 'Escape' || !event.currentTarget.open) return;
  event.currentTarget.open = false;
  event.currentTarget.querySelector('summary')?.focus();
  event.preventDefault();
}
