import { mergeConfig } from 'vitest/config';
import project from '../../vitest.project.ts';

/** Most of these specs train, on one core at a time: two side by side take three quarters of the time, each of them longer. */
export default mergeConfig(project, { test: { maxWorkers: 2, testTimeout: 60_000 } });
