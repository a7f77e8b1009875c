import { useEffect, useState } from 'react';
import { NavLink, Outlet, ScrollRestoration, useNavigation } from 'react-router';
import { useLiveState } from '../api/live-context.js';
import type { LiveState } from '../api/live-connection.js';
import { HelpDialog } from './help-dialog.js';
import { ThemeButton } from './theme-button.js';

/** What every page has: the bar at the top, the live dot, the help. */
export function Shell() {
  const { state } = useNavigation();
  return (
    <>
      <a className="skip" href="#main">
        To the page
      </a>
      <header className="top" data-loading={state === 'loading' || undefined}>
        <NavLink to="/sweeps" className="wordmark" aria-label="Chromatune: all sweeps">
          <span className="wordmark-sign" aria-hidden="true" />
          Chromatune
        </NavLink>
        <nav aria-label="Pages">
          <NavLink to="/sweeps">Sweeps</NavLink>
          <NavLink to="/datasets">Datasets</NavLink>
          <NavLink to="/trainers">Trainers</NavLink>
          <NavLink to="/new">New sweep</NavLink>
        </nav>
        <div className="top-end">
          <LiveDot />
          <ThemeButton />
          <HelpButton />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <ScrollRestoration getKey={({ pathname }) => pathname} />
    </>
  );
}

const liveWords: Record<LiveState, string> = {
  connecting: 'connecting',
  live: 'live',
  reconnecting: 'reconnecting',
};

function LiveDot() {
  const state = useLiveState();
  return (
    <span className="live" data-state={state} role="status">
      <span className="live-dot" aria-hidden="true" />
      {liveWords[state]}
    </span>
  );
}

function HelpButton() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== '?' || target.closest('input, textarea, select, [contenteditable="true"]')) return;
      event.preventDefault();
      setOpen(true);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return (
    <>
      <button
        type="button"
        className="icon"
        onClick={() => setOpen(true)}
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
      >
        ?
      </button>
      <HelpDialog isOpen={isOpen} onOpenChange={setOpen} />
    </>
  );
}
