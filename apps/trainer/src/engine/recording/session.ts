import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import type { TensorFlowBackend } from '../tensorflow-addon.js';
import { type Graph, savedModelTag } from './graph.js';

/** A graph that TensorFlow has loaded, with its variables. */
export class Session {
  private readonly id: number;

  constructor(
    private readonly backend: TensorFlowBackend,
    graph: Graph,
  ) {
    const folder = mkdtempSync(join(tmpdir(), 'chromatune-graph-'));
    try {
      graph.save(folder);
      this.id = backend.binding.loadSavedModel(folder, savedModelTag);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Computes the first outputs of some nodes in one call, given the values of placeholders. The caller frees the results. */
  run(feeds: Record<string, tf.Tensor>, nodes: readonly string[]): tf.Tensor[] {
    const infos = Object.keys(feeds).map((name) => ({ name: `${name}:0`, dtype: 'float32' as const }));
    const names = nodes.map((name) => `${name}:0`);
    return this.backend.runSavedModel(this.id, Object.values(feeds), infos as never, names);
  }

  close(): void {
    this.backend.binding.deleteSavedModel(this.id);
  }
}
