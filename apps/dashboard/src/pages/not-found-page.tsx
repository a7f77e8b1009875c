import { Link, useLocation } from 'react-router';
import { useTitle } from '../ui/use-title.js';

export function NotFoundPage() {
  const { pathname } = useLocation();
  useTitle('Not found');
  return (
    <div className="page">
      <h1>There is no page {pathname}</h1>
      <p>
        <Link to="/sweeps">All sweeps</Link> · <Link to="/datasets">datasets</Link> ·{' '}
        <Link to="/trainers">trainers</Link>
      </p>
    </div>
  );
}
