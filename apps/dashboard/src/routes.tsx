import { createBrowserRouter, redirect } from 'react-router';
import { NotFoundPage } from './pages/not-found-page.js';
import { SweepsPage } from './pages/sweeps-page.js';
import { CrashPage } from './ui/crash-page.js';
import { Shell } from './ui/shell.js';

/** Every address of the dashboard. Pages but the first are loaded when they are opened. */
export const router = createBrowserRouter([
  {
    element: <Shell />,
    hydrateFallbackElement: <></>, // for the moment in which the first page's code arrives
    errorElement: <CrashPage />,
    children: [
      {
        errorElement: <CrashPage />,
        children: [
          { index: true, loader: () => redirect('/sweeps') },
          { path: 'sweeps', element: <SweepsPage /> },
          {
            path: 'sweeps/:id',
            lazy: async () => ({ Component: (await import('./pages/sweep-page.js')).SweepPage }),
          },
          {
            path: 'runs/:id',
            lazy: async () => ({ Component: (await import('./pages/run-page.js')).RunPage }),
          },
          {
            path: 'compare',
            lazy: async () => ({ Component: (await import('./pages/compare-page.js')).ComparePage }),
          },
          {
            path: 'datasets',
            lazy: async () => ({ Component: (await import('./pages/datasets-page.js')).DatasetsPage }),
          },
          {
            path: 'datasets/:name',
            lazy: async () => ({ Component: (await import('./pages/dataset-page.js')).DatasetPage }),
          },
          {
            path: 'trainers',
            lazy: async () => ({ Component: (await import('./pages/trainers-page.js')).TrainersPage }),
          },
          {
            path: 'new',
            lazy: async () => ({ Component: (await import('./pages/new-sweep-page.js')).NewSweepPage }),
          },
          { path: '*', element: <NotFoundPage /> },
        ],
      },
    ],
  },
]);
