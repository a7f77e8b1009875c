import { mergeConfig } from 'vitest/config';
import project from '../../vitest.project.ts';

/** Each file starts a platform of its own, on ports and in a folder of its own, and waits for it much of the time. */
export default mergeConfig(project, { test: { maxWorkers: 2 } });
