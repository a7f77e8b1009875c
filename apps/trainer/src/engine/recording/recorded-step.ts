import {
  type Batch,
  type BatchShape,
  type BatchTensors,
  batchTensors,
  byName,
  type Evaluation,
  evaluateInPieces,
  evaluateTensors,
  type EvaluationMeasure,
  inMemory,
  learningRateAt,
  type Loss,
  lossAndGradients,
  microBatches,
  piecesOf,
  type NamedVariable,
  type Network,
  requireState,
  requireWhole,
  type State,
  stateOfParts,
  stepCount,
  stepCountName,
  type Step,
  type StepOptions,
  type StepResult,
  type TrainingRecipe,
} from '@chromatune/models';
import * as tf from '@tensorflow/tfjs';
import { collectGarbage } from '../collect-garbage.js';
import type { TensorFlowBackend } from '../tensorflow-addon.js';
import { addUnpacking, asFloats } from './graph-input.js';
import { attribute, dataType, Graph } from './graph.js';
import { record, RecordingRefused } from './recorder.js';
import { addHeldInput, bytesOf, inputsOf, RunAhead, type Work } from './run-ahead.js';
import { type Fed, Session } from './session.js';
import {
  addHandle,
  assign,
  assignZero,
  clear,
  clip,
  finish,
  moveAverage,
  moveStatistic,
  multiply,
  normOf,
  read,
  scalarNames,
  scalarValues,
  slotNames,
  updateWeight,
} from './update-nodes.js';

export interface RecordedStepOptions extends StepOptions {
  backend: TensorFlowBackend;
  /** Whether XLA compiles the training of the first batch that is expected, which takes a while, and of its micro-batches. */
  compile: boolean;
  /** Whether the next batch is handed over while a step computes: worth it where it has a way to go, to a GPU. */
  ahead: boolean;
}

/**
 * A training step that is recorded once for each shape of batch as a TensorFlow graph, and then computed in one call.
 * Weights, moving statistics and the optimizer's slots live in the graph's variables: `state` reads them, `restore` writes
 * them. The network's own variables hand their values over, so that no weight is in memory twice, and have none afterwards.
 */
export function createRecordedStep(
  network: Network,
  loss: Loss,
  recipe: TrainingRecipe,
  options: RecordedStepOptions,
): Step {
  return new RecordedStep(network, loss, recipe, options);
}

/** A variable of the graph: its name in a checkpoint is its name here. */
interface GraphVariable {
  name: string;
  shape: number[];
}

/**
 * Variables that are written and read in one call: TensorFlow prepares itself for each kind of call anew. No more at once than
 * `groupBytes`, because a call's values are in memory twice.
 */
interface Group {
  name: string;
  variables: GraphVariable[];
  /** What they hold before the first step. */
  initial: 'network' | 'zero';
}

const groupBytes = 64 * 1024 ** 2;

/** Of the network's tensors, by name. */
type Values = Map<string, Float32Array>;

/** What a graph computes of batches of one shape: a whole step, or of a micro-batch what adds up to one, or no update. */
type Kind = TrainingKind | 'evaluate';
type TrainingKind = keyof typeof trainingOutputs;
const trainingOutputs = { step: ['loss', 'norm'], accumulate: ['loss'] };

class RecordedStep implements Step {
  private graph = new Graph();
  /** All that a checkpoint holds. */
  private readonly groups: Group[];
  private readonly recorded = new Set<string>();
  private session: Session | null = null;
  /** What the loss measures when it evaluates. */
  private measured: EvaluationMeasure[] = [];
  private stepsDone = 0;
  private readonly ahead: RunAhead | null;
  private compiles: boolean;

  constructor(
    private readonly network: Network,
    private readonly loss: Loss,
    private readonly recipe: TrainingRecipe,
    private readonly options: RecordedStepOptions,
  ) {
    this.groups = this.declareGroups();
    this.ahead = options.ahead ? new RunAhead((...given) => this.runNodes(...given)) : null;
    this.compiles = options.compile;
    this.takeOver();
    collectGarbage(); // the network's values, which no variable of this function may hold
  }

  /** Makes the network's values the session's. */
  private takeOver(): void {
    const values = this.valuesOfNetwork(); // before the recording, which takes them away
    this.build();
    const usual = this.options.expected?.train[0];
    if (this.compiles && usual) this.tryCompiler(usual, values);
    this.initialize(values);
  }

  private build(): void {
    this.graph = new Graph();
    this.recorded.clear();
    this.addGroups();
    this.recordExpected();
    this.load();
  }

  /** XLA compiles when a part is run for the first time, or refuses to: then TensorFlow computes the step as it is. */
  private tryCompiler(usual: BatchShape, values: Values): void {
    this.initialize(values);
    try {
      this.runNow(blackBatch(usual));
    } catch (error) {
      const reason = refusalOfCompiler(error);
      if (reason === null) throw error;
      this.options.warn?.(`XLA does not compile this training step, which takes longer so: ${reason}`);
      this.compiles = false;
      this.session!.close();
      this.build();
    }
    this.stepsDone = 0;
  }

  // Asynchronous as the interface wants it; the call itself waits for TensorFlow.
  async run(batch: Batch, next?: Batch): Promise<StepResult> {
    return this.runNow(batch, next);
  }

  private runNow(batch: Batch, next?: Batch): StepResult {
    const { microBatch } = this.recipe;
    const pieces = piecesOf(batch, microBatch);
    this.require(trainingParts(batch, microBatch));
    this.stepsDone++;
    const numbers = this.numbersOfStep();
    const following = this.ahead && next ? this.firstWorkOf(next) : null;
    if (pieces.length === 1) {
      const [loss, gradientNorm] = this.runTraining('step', batch, following, numbers);
      return { loss: loss!, gradientNorm: gradientNorm! };
    }

    const kind = 'accumulate';
    let loss = 0;
    for (const [index, { batch: piece, share }] of pieces.entries()) {
      const later = pieces[index + 1]?.batch;
      const upcoming = later ? { part: partName(kind, later), batch: later } : following;
      const ofPiece = this.numbersOf({ 'batch/share': share });
      const [lossOfPiece] = this.runTraining(kind, piece, upcoming, ofPiece);
      loss += share * lossOfPiece!;
    }
    const [norm] = this.runNodes(numbers, ['apply/norm']);
    return { loss, gradientNorm: norm![0]! };
  }

  async evaluate(batch: Batch): Promise<Evaluation> {
    const { microBatch } = this.recipe;
    this.require(evaluationParts(batch, microBatch));
    return evaluateInPieces(batch, microBatch, (piece) => {
      const [loss, ab, ...values] = this.runBatch('evaluate', piece, ['loss', 'ab', ...this.measured], {});
      const measures = this.measured.map((name, index) => [name, values[index]![0]!]);
      return { loss: loss![0]!, ab: ab!, measures: Object.fromEntries(measures) };
    });
  }

  learningRate(): number {
    return learningRateAt(this.recipe, Math.max(1, this.stepsDone), this.options.stepsPerEpoch);
  }

  state(): State {
    return stateOfParts([
      ...this.groups.map((group) => ({ tensors: group.variables, read: () => this.read(group) })),
      stepCount(this.recipe.optimizer.type, this.stepsDone),
    ]);
  }

  restore(state: State): void {
    requireState(state, this.state().tensors);
    for (const group of this.groups) this.write(group, ({ name }) => state.read(name));
    this.stepsDone = state.read(stepCountName(this.recipe.optimizer.type))[0]!;
  }

  dispose(): void {
    this.session?.close();
    this.session = null;
  }

  private declareGroups(): Group[] {
    const { variables, trainable, statistics } = this.network;
    const prefixed = (prefix: string) => trainable.map((one) => graphVariable(one, prefix));
    const weights = [...variables, ...statistics].map((one) => graphVariable(one)).sort(byName);
    const slots = slotNames(this.recipe.optimizer);
    const groups: Group[] = [
      { name: 'weights', variables: weights, initial: 'network' },
      ...slots.map((name): Group => ({ name, variables: prefixed(name), initial: 'zero' })),
      ...(this.averages
        ? [{ name: averages, variables: prefixed(averages), initial: 'network' } as const]
        : []),
    ];
    return groups.flatMap(inPieces);
  }

  private valuesOfNetwork(): Values {
    const { variables, statistics } = this.network;
    const all = [...variables, ...statistics];
    return new Map(all.map(({ name, variable }) => [name, variable.dataSync<'float32'>()]));
  }

  private get averages(): boolean {
    return this.recipe.averageDecay > 0;
  }

  private get accumulates(): boolean {
    return this.recipe.microBatch > 0;
  }

  private addGroups(): void {
    for (const group of this.groups) this.addGroup(group);
    this.addNumbers();
    if (!this.accumulates) return;
    this.addGroup(this.sums);
    this.graph.compile(this.compiles, () => this.addApply());
  }

  /** What micro-batches add up, from zero to zero in every step. */
  private get sums(): Group {
    const variables = this.network.trainable.map((one) => graphVariable(one, sumOf('')));
    return { name: sumOf(''), variables, initial: 'zero' };
  }

  private addGroup({ name, variables, initial }: Group): void {
    const written = variables.map((variable) => this.addVariable(variable));
    finish(this.graph, `${name}/written`, this.graph.scalar(0), written);
    if (initial === 'network') return;
    const zeroed = variables.map((variable) => assignZero(this.graph, variable.name, variable.shape));
    finish(this.graph, `${name}/zeroed`, this.graph.scalar(0), zeroed);
  }

  /** Its handle has its name; `/value` reads it. Returns the node that writes what `/initial` was given. */
  private addVariable({ name, shape }: GraphVariable): string {
    const { graph } = this;
    addHandle(graph, name, shape);
    read(graph, name, [], `${name}/value`);
    const initial = asFloats(graph, graph.addInput(`${name}/initial`, shape));
    // What JavaScript gives may be its own memory, which a variable must not keep: each would write into the other's, and one
    // of TensorFlow's threads would free it.
    return assign(graph, name, graph.add('DeepCopy', [initial], { T: attribute.type(dataType.float32) }));
  }

  /** Numbers that change from step to step, each a node of its name. */
  private addNumbers(): void {
    const { graph, numberNames } = this;
    const count = numberNames.length;
    const all = asFloats(graph, graph.addInput(numbersInput, [count]));
    const attributes = { T: attribute.type(dataType.float32), num: attribute.integer(count) };
    const each = graph.add('Unpack', [all], attributes);
    numberNames.forEach((name, index) => finish(graph, name, index === 0 ? each : `${each}:${index}`, []));
  }

  private get numberNames(): string[] {
    return [...scalarNames(this.recipe.optimizer), 'average/share', 'batch/share'];
  }

  private recordExpected(): void {
    const { microBatch } = this.recipe;
    const { train = [], evaluate = [] } = this.options.expected ?? {};
    const [usual, ...others] = train.map((shape) => trainingParts(shape, microBatch));
    this.recordParts(usual ?? [], this.compiles);
    for (const parts of others) this.recordParts(parts);
    for (const shape of evaluate) this.recordParts(evaluationParts(shape, microBatch));
  }

  /** Records what is not yet; a loaded graph cannot grow, so that one takes its place, with the same state. */
  private require(parts: [Kind, BatchShape][]): void {
    const missing = parts.filter(([kind, shape]) => !this.recorded.has(partName(kind, shape)));
    if (missing.length === 0) return;
    const state = inMemory(this.state());
    this.recordParts(missing);
    this.session!.close();
    this.load();
    this.restore(state);
  }

  private recordParts(parts: [Kind, BatchShape][], compile = false): void {
    for (const [kind, shape] of parts) this.recordPart(kind, shape, compile);
  }

  private recordPart(kind: Kind, shape: BatchShape, compile: boolean): void {
    const name = partName(kind, shape);
    if (this.recorded.has(name)) return;
    const { images, size } = shape;
    const inputs = Object.values(inputsOf(name)).map((input, index) => {
      const dimensions = [images, size, size, index + 1];
      return { input, dimensions, packed: this.addPackedInput(kind, input, dimensions) };
    });
    this.graph.compile(compile, () => {
      for (const { input, dimensions, packed } of inputs)
        addUnpacking(this.graph, pixels(input), dimensions, packed);
      if (kind === 'evaluate') this.recordEvaluation(name, shape);
      else this.recordGradients(name, shape, kind);
    });
    this.recorded.add(name);
  }

  private addPackedInput(kind: Kind, input: string, dimensions: number[]) {
    const elements = dimensions.reduce((size, side) => size * side, 1) / 4; // bytes, in 32 bits each
    return this.aheadOf(kind)
      ? { node: addHeldInput(this.graph, input, elements), type: dataType.float32 }
      : { node: this.graph.addInput(input, [elements]), type: dataType.int32 };
  }

  private recordEvaluation(name: string, shape: BatchShape): void {
    const trainable = new Set(this.network.trainable.map((one) => one.name));
    const nodeOfVariable = (variable: string) =>
      `${this.averages && trainable.has(variable) ? averages : ''}${variable}/value`;
    this.recordTensors(name, shape, nodeOfVariable, (batch) => {
      const { loss, ab, measures } = evaluateTensors(this.network, this.loss, batch);
      this.measured = Object.keys(measures) as EvaluationMeasure[];
      return { outputs: { loss, ab, ...measures }, gradients: [], statistics: [] };
    }).outputs.forEach(([output, node]) => finish(this.graph, `${name}/${output}`, node, []));
  }

  private recordGradients(name: string, shape: BatchShape, kind: TrainingKind): void {
    // A compiled part reads by itself: XLA can then write new values where the old ones were.
    const nodeOfVariable = (variable: string) =>
      this.graph.isCompiling ? read(this.graph, variable) : `${variable}/value`;
    const nodes = this.recordTensors(name, shape, nodeOfVariable, (batch) => {
      const { loss, gradients, statistics } = lossAndGradients(this.network, this.loss, batch);
      return { outputs: { loss }, gradients, statistics };
    });
    const moved = this.network.movingStatistics.map((statistic, index) =>
      moveStatistic(this.graph, statistic.name, nodes.statistics[index]!),
    );
    if (kind === 'step') finish(this.graph, `${name}/norm`, normOf(this.graph, nodes.gradients), []);
    const done =
      kind === 'step' ? this.addUpdates(nodes.gradients, `${name}/norm`) : this.addSums(nodes.gradients);
    finish(this.graph, `${name}/loss`, nodes.outputs[0]![1], [...moved, ...done]);
  }

  private recordTensors(
    name: string,
    shape: BatchShape,
    nodeOfVariable: (variable: string) => string,
    compute: (batch: BatchTensors) => {
      outputs: Record<string, tf.Tensor>;
      gradients: tf.Tensor[];
      statistics: tf.Tensor[];
    },
  ) {
    const batch = batchTensors(blackBatch(shape));
    const { variables, statistics } = this.network;
    const { l, ab } = inputsOf(name);
    const given = new Map<tf.Tensor, string>([
      [batch.l, pixels(l)],
      [batch.ab, pixels(ab)],
      ...[...variables, ...statistics].map((one) => [one.variable, nodeOfVariable(one.name)] as const),
    ]);
    const nodes = {
      outputs: [] as [string, string][],
      gradients: [] as string[],
      statistics: [] as string[],
    };
    record({
      backend: this.options.backend,
      graph: this.graph,
      given,
      constants: this.loss.constants,
      build: () => compute(batch),
      use: (result, nodeOf) => {
        nodes.outputs = Object.entries(result.outputs).map(([key, tensor]) => [key, nodeOf(tensor)]);
        nodes.gradients = result.gradients.map(nodeOf);
        nodes.statistics = result.statistics.map(nodeOf);
        tf.dispose(result.statistics);
      },
    });
    tf.dispose([batch.l, batch.ab]);
    return nodes;
  }

  private addSums(gradients: string[]): string[] {
    return this.network.trainable.map(({ name }, index) => {
      const part = multiply(this.graph, gradients[index]!, 'batch/share');
      const attributes = { dtype: attribute.type(dataType.float32) };
      return this.graph.add('AssignAddVariableOp', [sumOf(name), part], attributes);
    });
  }

  /** The update by what the micro-batches have added up, which then begins at zero again. */
  private addApply(): void {
    const { graph } = this;
    const names = this.network.trainable.map(({ name }) => sumOf(name));
    const sums = names.map((name) => read(graph, name));
    const norm = normOf(graph, sums);
    const done = this.addUpdates(sums, norm);
    const cleared = names.map((name, index) => clear(graph, name, sums[index]!, [done[index]!]));
    finish(this.graph, 'apply/norm', norm, [...done, ...cleared]);
  }

  private addUpdates(gradients: string[], norm: string): string[] {
    const { graph, recipe } = this;
    const { optimizer, gradientClip } = recipe;
    const slopes = gradientClip > 0 ? clip(graph, gradients, norm, gradientClip) : gradients;
    return this.network.trainable.map(({ name }, index) => {
      const handles = { weight: name, slots: slotNames(optimizer).map((prefix) => prefix + name) };
      const group = name.startsWith('encoder/') ? 'encoder' : 'decoder';
      const updated = updateWeight(graph, optimizer, handles, { gradient: slopes[index]!, group });
      if (!this.averages) return updated;
      const average = { average: averages + name, weight: name, share: 'average/share' };
      return moveAverage(graph, average, [updated]);
    });
  }

  private load(): void {
    this.ahead?.forget();
    this.session = new Session(this.options.backend, this.graph, { optimize: !this.compiles });
    if (this.accumulates) this.zero(this.sums);
  }

  private initialize(network: Values): void {
    for (const group of this.groups) {
      if (group.initial === 'zero') this.zero(group);
      else this.write(group, ({ name }) => network.get(name.replace(averages, ''))!);
    }
  }

  private zero({ name }: Group): void {
    this.runNodes({}, [`${name}/zeroed`]);
  }

  private read({ variables }: Group): Float32Array[] {
    const nodes = variables.map(({ name }) => `${name}/value`);
    return this.runNodes({}, nodes);
  }

  private write({ name: group, variables }: Group, valueOf: (variable: GraphVariable) => Float32Array): void {
    const values = variables.map((one) => [`${one.name}/initial`, valueOf(one)] as const);
    this.runNodes(Object.fromEntries(values), [`${group}/written`]);
  }

  private numbersOfStep(): Fed {
    const { optimizer, encoderLearningRateFactor: encoderFactor, averageDecay } = this.recipe;
    const step = this.stepsDone;
    const numbers = scalarValues(optimizer, { step, rate: this.learningRate(), encoderFactor });
    return this.numbersOf({ ...numbers, 'average/share': step === 1 ? 1 : 1 - averageDecay });
  }

  /** Those that are not said are not used. */
  private numbersOf(numbers: Record<string, number>): Fed {
    return { [numbersInput]: Float32Array.from(this.numberNames, (name) => numbers[name] ?? 0) };
  }

  /** Returns what `trainingOutputs` says. */
  private runTraining(kind: TrainingKind, batch: Batch, next: Work | null, numbers: Fed): number[] {
    return this.runBatch(kind, batch, trainingOutputs[kind], numbers, next).map(([one]) => one!);
  }

  private runBatch(
    kind: Kind,
    batch: Batch,
    outputs: string[],
    numbers: Fed,
    next: Work | null = null,
  ): Float32Array[] {
    requireWhole(batch);
    const work = { part: partName(kind, batch), batch };
    const nodes = outputs.map((output) => `${work.part}/${output}`);
    const ahead = this.aheadOf(kind);
    if (ahead) return ahead.step(work, next, numbers, nodes);
    return this.runNodes({ ...numbers, ...bytesOf(work) }, nodes);
  }

  /** What runs parts of a kind whose batches are handed over ahead: a validation's are not. */
  private aheadOf(kind: Kind): RunAhead | null {
    return kind === 'evaluate' ? null : this.ahead;
  }

  /** What a batch begins with, if that is recorded. */
  private firstWorkOf(batch: Batch): Work | null {
    const { microBatch } = this.recipe;
    const [kind, shape] = trainingParts(batch, microBatch)[0]!;
    const part = partName(kind, shape);
    return this.recorded.has(part) ? { part, batch: piecesOf(batch, microBatch)[0]!.batch } : null;
  }

  private runNodes(fed: Fed, nodes: string[]): Float32Array[] {
    if (!this.session) throw new RecordingRefused('it has been disposed of.');
    return this.session.run(fed, nodes);
  }
}

/** Pictures that only have a shape. */
const blackBatch = ({ images, size }: BatchShape): Batch => ({
  l: new Uint8Array(images * size ** 2),
  ab: new Uint8Array(images * size ** 2 * 2),
  images,
  size,
});

/** Why XLA refused, if an error says that: TensorFlow names the node that compiles (`xla_compile`) last. */
function refusalOfCompiler(error: unknown): string | null {
  const message = error instanceof Error ? error.message : String(error);
  if (!message.includes('/xla_compile]]')) return null;
  return message.split('\n')[0]!.replace('Session fail to run with error: ', '');
}

const numbersInput = 'numbers';

const sumOf = (name: string) => `sum/${name}`;
/** Prefix of the averaged weights. */
const averages = 'average/';

const graphVariable = ({ name, variable }: NamedVariable, prefix = ''): GraphVariable => ({
  name: prefix + name,
  shape: variable.shape,
});

function inPieces({ name, variables, initial }: Group): Group[] {
  const pieces: Group[] = [];
  let bytes = Infinity;
  for (const variable of variables) {
    const own = variable.shape.reduce((size, side) => size * side, 4);
    if (bytes + own > groupBytes) {
      pieces.push({ name: `${name}/${pieces.length}`, variables: [], initial });
      bytes = 0;
    }
    pieces.at(-1)!.variables.push(variable);
    bytes += own;
  }
  return pieces;
}

/** The unpacked tensor of an input. */
const pixels = (input: string): string => `${input}/pixels`;

const partName = (kind: Kind, { images, size }: BatchShape) => `${kind}/${images}x${size}`;

function trainingParts({ images, size }: BatchShape, microBatch: number): [Kind, BatchShape][] {
  const pieces = microBatches(images, microBatch);
  const kind = pieces.length === 1 ? 'step' : 'accumulate';
  return [...new Set(pieces)].map((piece) => [kind, { images: piece, size }]);
}

function evaluationParts({ images, size }: BatchShape, microBatch: number): [Kind, BatchShape][] {
  return [...new Set(microBatches(images, microBatch))].map((piece) => ['evaluate', { images: piece, size }]);
}
