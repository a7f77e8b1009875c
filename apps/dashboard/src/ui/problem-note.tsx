import { explain } from '../api/errors.js';

/** What went wrong, what to do, and a button where trying again can help. Stands in place of what is missing. */
export function ProblemNote({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const { title, remedy, canRetry, fields } = explain(error);
  return (
    <div className="problem" role="alert">
      <p className="problem-title">{title}</p>
      {remedy && <p>{remedy}</p>}
      {fields.length > 0 && (
        <ul>
          {fields.map((field) => (
            <li key={`${field.path} ${field.message}`}>
              {field.path && <code>{field.path}</code>} {field.message}
            </li>
          ))}
        </ul>
      )}
      {canRetry && onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
