import { Link, useRouteError } from 'react-router';
import { ProblemNote } from './problem-note.js';

/** A bug in a page, or a part of it that could not be loaded: said, never blank. */
export function CrashPage() {
  const error = useRouteError();
  return (
    <div className="page">
      <h1>This page could not be shown</h1>
      <ProblemNote error={error} onRetry={() => window.location.reload()} />
      <p>
        <Link to="/sweeps">All sweeps</Link>
      </p>
    </div>
  );
}
