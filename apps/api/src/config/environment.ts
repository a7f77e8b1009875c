import { fileURLToPath } from 'node:url';
import { colorizeSeconds, serviceEnvironment } from '@chromatune/contracts';
import { z } from 'zod';

/** Settings of the API. Parsed once in `main.ts`; others receive the values they need. */
export const apiEnvironment = serviceEnvironment.extend({
  /** 127.0.0.1 keeps the API to this machine; there is no log-in yet, so open it to a network you trust only. */
  HOST: z.string().min(1).default('127.0.0.1'),
  /** 0 takes any free port. */
  PORT: z.coerce.number().int().min(0).max(65_535).default(4300),
  /** Folder of the built dashboard. */
  DASHBOARD_FOLDER: z.string().default(fileURLToPath(new URL('../../../dashboard/dist', import.meta.url))),
  /** Longest pause between two looks of the scheduler; changes wake it earlier. */
  SCHEDULER_INTERVAL_MS: z.coerce.number().int().min(50).max(60_000).default(1000),
  /** How often events of a run are gathered into one message to browsers. */
  LIVE_INTERVAL_MS: z.coerce.number().int().min(10).max(5000).default(200),
  /** Larger sweeps are refused, so that a typing error does not fill the queue. */
  MAX_RUNS_PER_SWEEP: z.coerce.number().int().min(1).max(1000).default(1000),
  /** Sweeps that are running or paused beyond this are refused. */
  MAX_ACTIVE_SWEEPS: z.coerce.number().int().min(1).default(100),
  /** How long the sender of a photograph waits for a trainer to colour it. */
  COLORIZE_SECONDS: z.coerce.number().min(1).max(600).default(colorizeSeconds),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(100).default(10),
});
export type ApiEnvironment = z.infer<typeof apiEnvironment>;
