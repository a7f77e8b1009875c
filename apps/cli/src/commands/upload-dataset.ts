import { type DatasetFile, datasetFiles, type DatasetVersion } from '@chromatune/contracts';
import type { ImportResult, Progress } from '@chromatune/data';
import type { ApiClient } from '../api/api-client.js';
import { tryAgain } from '../api/try-again.js';

/** More would only wait for each other: the API hashes every file. */
const atOnce = 2;

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
      await sendFile(api, file, pathOf(files, file), signal);
      onProgress((sent += file.bytes), total, 'storing shards');
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sendNext));
  return tryAgain(() => api.registerDataset(manifest), signal);
}

const sendFile = (api: ApiClient, file: DatasetFile, path: string, signal?: AbortSignal): Promise<void> =>
  tryAgain(async () => {
    if (!(await api.hasDatasetFile(file))) await api.putDatasetFile(file, path);
  }, signal);

function pathOf(files: Map<string, string>, { name }: DatasetFile): string {
  const path = files.get(name);
  if (path === undefined) throw new Error(`the import left no file ${name}`);
  return path;
}
