import { setTimeout as sleep } from 'node:timers/promises';
import { type DatasetFile, datasetFiles, type DatasetVersion, DomainError } from '@chromatune/contracts';
import type { ImportResult, Progress } from '@chromatune/data';
import type { ApiClient } from '../api/api-client.js';

/** More would only wait for each other: the API hashes every file. */
const atOnce = 2;
const pausesBetweenTriesMs = [500, 2000, 5000];

/** Sends the files that the API does not have yet, then registers the version. Doing it again is harmless. */
export async function uploadDataset(
  api: ApiClient,
  { manifest, files }: Pick<ImportResult, 'manifest' | 'files'>,
  { onProgress = () => {}, signal }: { onProgress?: Progress; signal?: AbortSignal } = {},
): Promise<DatasetVersion> {
  const waiting = [...new Map(datasetFiles(manifest).map((file) => [file.sha256, file])).values()];
  const total = waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  let sent = 0;
  const sendNext = async (): Promise<void> => {
    for (let file = waiting.pop(); file; file = waiting.pop()) {
      signal?.throwIfAborted();
      await sendFile(api, file, pathOf(files, file));
      onProgress((sent += file.bytes), total, 'storing shards');
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sendNext));
  return tried(() => api.registerDataset(manifest));
}

const sendFile = (api: ApiClient, file: DatasetFile, path: string): Promise<void> =>
  tried(async () => {
    if (!(await api.hasDatasetFile(file))) await api.putDatasetFile(file, path);
  });

/** Connections break and servers are started again; a refusal stays one. */
async function tried<T>(request: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      const pause = pausesBetweenTriesMs[attempt];
      const isPassing = error instanceof DomainError && error.status >= 502 && error.status <= 504;
      if (!isPassing || pause === undefined) throw error;
      await sleep(pause);
    }
  }
}

function pathOf(files: Map<string, string>, { name }: DatasetFile): string {
  const path = files.get(name);
  if (path === undefined) throw new Error(`the import left no file ${name}`);
  return path;
}
