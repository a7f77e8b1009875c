import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { TensorFlowBackend } from '../tensorflow-addon.js';
import { type Graph, savedModelTag } from './graph.js';
import { Message } from './protobuf.js';

export interface SessionOptions {
  /**
   * Whether TensorFlow rewrites the graph before it computes it. It fuses operations into ones that XLA cannot compile, and
   * changes layouts that XLA chooses by itself.
   */
  optimize: boolean;
}

/** What inputs are given, by their names: a multiple of four bytes. */
export type Fed = Record<string, Uint8Array | Float32Array>;

/**
 * A graph that TensorFlow has loaded, with its variables.
 *
 * Whatever it is given, it is given as int32 tensors of the same bits. TensorFlow.js leaves those in the computer's memory;
 * others it copies to a GPU at once, from where the call that takes them fetches them back, only to copy them there again.
 * Pictures are bytes, which TensorFlow.js does not know: four to an integer, JavaScript has nothing to convert.
 */
export class Session {
  private readonly id: number;

  constructor(
    private readonly backend: TensorFlowBackend,
    private readonly graph: Graph,
    { optimize }: SessionOptions,
  ) {
    const folder = mkdtempSync(join(tmpdir(), 'chromatune-graph-'));
    try {
      graph.save(folder);
      if (!optimize) writeFileSync(join(folder, sessionOptionsFile), withoutOptimizer.encode());
      this.id = backend.binding.loadSavedModel(folder, savedModelTag);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Computes the first outputs of some nodes in one call. */
  run(fed: Fed, nodes: readonly string[]): Float32Array[] {
    const inputs = Object.entries(fed).map(([name, array]) => this.bitsOf(name, array));
    const infos = Object.keys(fed).map((name) => ({ name: `${name}:0`, dtype: 'int32' as const }));
    const outputs = nodes.map((name) => `${name}:0`);
    const results = this.backend.runSavedModel(this.id, inputs, infos as never, outputs);
    const values = results.map((result) => result.dataSync<'float32'>());
    tf.dispose([...inputs, ...results]);
    return values;
  }

  private bitsOf(name: string, array: Uint8Array | Float32Array): tf.Tensor {
    const { buffer, byteOffset, byteLength } = array.byteOffset % 4 === 0 ? array : array.slice();
    return tf.tensor(new Int32Array(buffer, byteOffset, byteLength / 4), [...this.graph.shapeOfInput(name)]);
  }

  close(): void {
    this.backend.binding.deleteSavedModel(this.id);
  }
}

/** Where the addon looks for a ConfigProto (infra/engine/native/session-options.h). */
const sessionOptionsFile = 'session-options.pb';

/** graph_options.rewrite_options.disable_meta_optimizer (config.proto, rewriter_config.proto). */
const withoutOptimizer = new Message().bytes(10, new Message().bytes(10, new Message().integer(19, 1)));
