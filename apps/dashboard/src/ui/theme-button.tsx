import { useState } from 'react';
import { Icon } from './icon.js';

const themes = ['auto', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];
const storageKey = 'chromatune.theme'; // also read by public/theme.js, which applies it

/** A habit of the person, not of the view: kept in the browser, not in the address. */
export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(() => {
    const stored = localStorage.getItem(storageKey);
    return themes.find((name) => name === stored) ?? 'auto';
  });
  const choose = () => {
    const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'auto';
    localStorage.setItem(storageKey, next);
    window.dispatchEvent(new Event('chromatune:theme-choice'));
    setTheme(next);
  };
  return (
    <button
      type="button"
      className="icon"
      onClick={choose}
      aria-label={`Theme: ${theme}`}
      title={`Theme: ${theme}`}
    >
      <Icon name={theme === 'auto' ? 'auto' : theme === 'light' ? 'sun' : 'moon'} />
    </button>
  );
}
