import { describeEngine } from '@chromatune/contracts';
import type { ApiClient } from '../api/api-client.js';
import { ApiUnreachable } from '../api/api-errors.js';
import type { RunningServices } from '../config/settings.js';
import { count } from '../output/format.js';
import type { Finding } from './finding.js';

export async function checkApi(api: ApiClient, running: RunningServices | null): Promise<Finding> {
  const name = 'api';
  try {
    const { status, version, parts } = await api.health();
    const down = Object.entries(parts).filter(([, part]) => part.status === 'down');
    if (status === 'ok' && down.length === 0)
      return { name, status: 'ok', detail: `${version} at ${api.url}` };
    const reasons = down.map(([part, { detail }]) => (detail ? `${part}: ${detail}` : part));
    return {
      name,
      status: 'problem',
      detail: `at ${api.url} without ${reasons.join('; ')}`,
      remedy: running
        ? 'npm start starts what has ended; see its log folder.'
        : 'Start these services again.',
    };
  } catch (error) {
    if (error instanceof ApiUnreachable && !running) {
      return { name, status: 'note', detail: `does not run at ${api.url}`, remedy: 'Start it: npm start' };
    }
    const { message, remedy } = error as Error & { remedy?: string };
    return { name, status: 'problem', detail: message, ...(remedy ? { remedy } : {}) };
  }
}

export async function checkTrainers(api: ApiClient): Promise<Finding> {
  const name = 'trainers';
  try {
    const trainers = await api.listTrainers();
    const online = trainers.filter((trainer) => trainer.online);
    if (online.length === 0) {
      return {
        name,
        status: 'problem',
        detail: 'none is online: runs stay queued',
        remedy: 'npm start starts one; trainer.log in its log folder says why it ended.',
      };
    }
    const [{ environment, engineReason }] = online as [(typeof online)[number]];
    return {
      name,
      status: 'ok',
      detail: `${count(online.length, 'trainer')} online, ${describeEngine(environment)}. ${engineReason}`,
    };
  } catch {
    return { name, status: 'note', detail: 'are known when the API runs' };
  }
}
