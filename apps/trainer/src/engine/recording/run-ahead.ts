import type { Batch } from '@chromatune/models';
import { attribute, dataType, type Graph } from './graph.js';
import { asFloats } from './graph-input.js';
import type { Fed } from './session.js';
import { addHandle, assign, finish, read } from './update-nodes.js';

// A GPU that gets its batch at the start of a step waits for the copy. Here a batch lies in a variable before its step begins,
// and the call that computes a step copies the batch of the next one, too, while the GPU computes.

/** Adds an input of `elements` times 32 bits that lies in a variable of floats. Returns the node that reads it. */
export function addHeldInput(graph: Graph, name: string, elements: number): string {
  const fed = graph.addInput(name, [elements]);
  // On the CPU, because TensorFlow then makes the copy in memory that a GPU can fetch from by itself. The variable could not
  // keep JavaScript's memory either. It is one of floats, because TensorFlow does not put integers on a GPU.
  const own = graph.add('DeepCopy', [fed], { T: attribute.type(dataType.int32) }, { device: 'CPU' });
  const floats = asFloats(graph, own, { device: 'CPU' });
  addHandle(graph, heldIn(name), [elements]);
  const held = read(graph, heldIn(name));
  finish(graph, holding(name), graph.scalar(0), [assign(graph, heldIn(name), floats)]);
  finish(graph, holdingNext(name), graph.scalar(0), [assign(graph, heldIn(name), floats, [held])]);
  return held;
}

/** A batch, and the part of the graph that computes it. */
export interface Work {
  part: string;
  batch: Batch;
}

/** Computes nodes of the graph, given the values of placeholders. */
type Run = (fed: Fed, nodes: string[]) => Float32Array[];

/** Runs parts whose inputs are held. */
export class RunAhead {
  private held: Work | null = null;

  constructor(private readonly run: Run) {}

  /** Computes nodes of a part for `work`. The batch of `next` is on the GPU afterwards, and need not wait when its turn comes. */
  step(work: Work, next: Work | null, fed: Fed, nodes: string[]): Float32Array[] {
    if (!this.holds(work)) this.hold(work, holding, {}, []);
    if (next !== null) return this.hold(next, next.part === work.part ? holdingNext : holding, fed, nodes);
    this.held = null;
    return this.run(fed, nodes);
  }

  /** Nothing is held any more: the graph's variables are new ones. */
  forget(): void {
    this.held = null;
  }

  private hold(work: Work, holding: (input: string) => string, fed: Fed, nodes: string[]): Float32Array[] {
    this.held = null; // unless all goes well
    const bytes = bytesOf(work);
    const values = this.run({ ...fed, ...bytes }, [...nodes, ...Object.keys(bytes).map(holding)]);
    this.held = work;
    return values.slice(0, nodes.length);
  }

  /** Pieces of a batch are made anew, of the same memory. */
  private holds({ part, batch: { l } }: Work): boolean {
    if (this.held?.part !== part) return false;
    const { buffer, byteOffset } = this.held.batch.l;
    return buffer === l.buffer && byteOffset === l.byteOffset;
  }
}

/** Nodes of a part's batch. */
export const inputsOf = (part: string) => ({ l: `${part}/input/l`, ab: `${part}/input/ab` });

/** What they are fed. */
export function bytesOf({ part, batch }: Work): Fed {
  const { l, ab } = inputsOf(part);
  return { [l]: batch.l, [ab]: batch.ab };
}

const heldIn = (input: string): string => `${input}/held`;
const holding = (input: string): string => `${input}/holding`;
/** The same once what was there has been read. */
const holdingNext = (input: string): string => `${input}/holdingNext`;
