import { batchText, type RunDetail } from '@chromatune/contracts';
import { Link } from 'react-router';
import { formatParameterInFull } from '../ui/format.js';
import { type RecipeEntry, recipeEntries } from './recipe-entries.js';

/** Every choice that made the numbers; what differs among the run's siblings is marked. */
export function RecipeTable({ run: { recipe, microBatch, parameters } }: { run: RunDetail }) {
  const varying = Object.keys(parameters);
  return (
    <table className="pairs">
      <tbody>
        <tr>
          <th scope="row">dataset</th>
          <td>
            <Link to={`/datasets/${recipe.dataset.name}?version=${recipe.dataset.digest}`}>
              {recipe.dataset.name}
            </Link>{' '}
            <code title={recipe.dataset.digest}>{recipe.dataset.digest.slice(0, 12)}</code>
          </td>
        </tr>
        {recipeEntries(recipe).map(({ name, value }) => {
          const differs = varying.includes(name);
          return (
            <tr key={name} data-differs={differs || undefined}>
              <th scope="row">{name}</th>
              <td>
                {entryText({ name, value }, microBatch)}
                {differs && <span className="differs"> varies</span>}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

const entryText = ({ name, value }: RecipeEntry, microBatch: number | null) =>
  name === 'batchSize' ? batchText(Number(value), microBatch) : formatParameterInFull(value);
