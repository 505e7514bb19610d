import type { Attributes, Graph, Node } from '@unpair/graph';
import { floatAttribute, floats, int, ints, string } from '@unpair/graph';

import type { ConvolutionPlan } from './convolution-plan.js';
import { isReorderable, planConvolution } from './convolution-plan.js';
import { padChannels, reorderFilter } from './filters.js';
import { GraphFacts } from './graph-facts.js';
import { filterOfPhase, findInterleaving, interleave } from './interleaving.js';
import { BLOCKED_POOLS, POINTWISE } from './operators.js';
import { Writer } from './writer.js';

/** From this slope on a HardSigmoid is a step, as which derivatives of ReLU and Clip are written. */
const STEP_SLOPE = 1e38;

/**
 * Rewrites convolutions to onnxruntime's kernels over blocked channels, and whatever works on single elements between
 * them. Its own optimizer does that for constant weights alone, and knows few operators that need not leave the blocked
 * order; masks of derivatives are not among them, so that each adjoint would be reordered twice. It is left to do so
 * for graphs that hold neither fed weights nor such masks.
 *
 * @param block channels in a block, as `probeBlockSize` found it
 */
export function lowerConvolutions(graph: Graph, block: number): Graph {
  const facts = new GraphFacts(graph);
  const takesAll = graph.nodes.some(isStep);
  const isCandidate = ({ op, domain, inputs: [, weight = ''] }: Node): boolean =>
    op === 'Conv' && domain === '' && (takesAll || facts.isDynamic(weight));
  return graph.nodes.some(isCandidate) ? new Lowering(graph, facts, block, isCandidate).run() : graph;
}

function isStep(node: Node): boolean {
  return node.op === 'HardSigmoid' && floatAttribute(node, 'alpha', 0.2) >= STEP_SLOPE;
}

/** Rewrites one graph; it lives as long as one call. */
class Lowering {
  readonly #graph: Graph;
  readonly #facts: GraphFacts;
  readonly #block: number;
  readonly #isCandidate: (node: Node) => boolean;
  readonly #write: Writer;
  /** Values in blocked order, by the name that they have in plain order. */
  readonly #blocked = new Map<string, string>();
  /** Values that are there in plain order. */
  readonly #plain: Set<string>;
  /** Filters that were reordered: two convolutions may share one. */
  readonly #filters = new Map<string, string>();
  /** Nodes that became part of a convolution before them. */
  readonly #merged = new Set<Node>();

  constructor(graph: Graph, facts: GraphFacts, block: number, isCandidate: (node: Node) => boolean) {
    this.#graph = graph;
    this.#facts = facts;
    this.#block = block;
    this.#isCandidate = isCandidate;
    this.#write = new Writer(graph);
    this.#plain = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
  }

  run(): Graph {
    for (const node of this.#graph.nodes) {
      if (this.#merged.has(node)) continue;
      if (!this.#convolve(node) && !this.#pool(node) && !this.#apply(node)) this.#keep(node);
    }
    for (const { name } of this.#graph.outputs) this.#plainOf(name);
    const { nodes, initializers } = this.#write;
    const read = new Set([
      ...nodes.flatMap(({ inputs }) => inputs),
      ...this.#graph.outputs.map((o) => o.name),
    ]);
    return {
      ...this.#graph,
      nodes,
      initializers: new Map([...initializers].filter(([name]) => read.has(name))),
    };
  }

  #keep(node: Node): void {
    for (const name of node.inputs) this.#plainOf(name);
    this.#write.nodes.push(node);
    for (const name of node.outputs) this.#plain.add(name);
  }

  #convolve(node: Node): boolean {
    if (!this.#isCandidate(node)) return false;
    const [input = '', weight = '', bias = ''] = node.inputs;
    if (this.#convolvePhases(node)) return true;
    const plan = planConvolution(node, this.#facts.sizesOf(weight), this.#block);
    if (plan === undefined) return false;
    const inputs = [this.#imageOf(input, plan), this.#filterOf(weight, plan)];
    if (bias !== '') inputs.push(this.#biasOf(bias, plan));
    const { summand, activation, output } = this.#following(node);
    if (summand !== undefined) inputs.push(...(bias === '' ? [''] : []), summand);
    this.#blocked.set(output, this.#emit(node, inputs, plan, output, activation));
    return true;
  }

  #emit(
    { attributes }: Node,
    inputs: readonly string[],
    { groups, kernel }: ConvolutionPlan,
    output: string,
    activation: Attributes = {},
  ): string {
    const own = { ...attributes, ...activation, group: int(groups), kernel_shape: ints(kernel) };
    return this.#write.blocked('Conv', inputs, own, { hint: `${output}/blocked` });
  }

  /** The adjoint of a convolution with strides: a convolution for each phase, so that none leaves the blocked order. */
  #convolvePhases(node: Node): boolean {
    const [input = '', weight = '', bias = ''] = node.inputs;
    const found = bias === '' ? findInterleaving(this.#facts, node) : undefined;
    const sizes = this.#facts.sizesOf(weight);
    if (found === undefined || sizes === undefined) return false;
    const plan = planConvolution(node, [found.channels, ...sizes.slice(1)], this.#block);
    if (plan?.readsBlocked !== true) return false;
    const image = this.#imageOf(input, plan);
    const count = found.strides[0] * found.strides[1];
    const phases = Array.from({ length: count }, (_, phase) => {
      const own = filterOfPhase(this.#write, this.#plainOf(weight), sizes, found, phase);
      const filter = reorderFilter(this.#write, own, plan, this.#block);
      return this.#emit(node, [image, filter], plan, `${found.output}/phase`);
    });
    const shape = { paddedChannels: plan.paddedOutputs, block: this.#block };
    this.#blocked.set(found.output, interleave(this.#write, phases, found, shape));
    for (const merged of found.nodes) this.#merged.add(merged);
    return true;
  }

  #imageOf(input: string, { readsBlocked }: ConvolutionPlan): string {
    return readsBlocked ? this.#blockedOf(input) : this.#plainOf(input);
  }

  /** What the kernel can do on the way out: add another blocked image, and apply an activation. */
  #following(node: Node): { summand?: string; activation: Attributes; output: string } {
    let output = node.outputs[0] ?? '';
    const sum = this.#facts.onlyConsumer(output);
    const summand = sum === undefined ? undefined : this.#summandOf(sum, output);
    if (sum !== undefined && summand !== undefined) {
      this.#merged.add(sum);
      output = sum.outputs[0] ?? '';
    }
    const next = this.#facts.onlyConsumer(output);
    const activation = next === undefined ? undefined : this.#activationOf(next);
    if (next !== undefined && activation !== undefined) {
      this.#merged.add(next);
      output = next.outputs[0] ?? '';
    }
    return { ...(summand === undefined ? {} : { summand }), activation: activation ?? {}, output };
  }

  #summandOf({ op, domain, inputs }: Node, value: string): string | undefined {
    if (op !== 'Add' || domain !== '') return undefined;
    const other = inputs.find((name) => name !== value);
    return other !== undefined && this.#facts.haveOneShape(other, value)
      ? this.#blocked.get(other)
      : undefined;
  }

  #activationOf({ op, domain, inputs: [, low = '', high = ''] }: Node): Attributes | undefined {
    if (domain !== '') return undefined;
    if (op === 'Relu') return { activation: string('Relu') };
    const bounds = [low, high].map((name) => this.#facts.numberIn(name));
    if (op !== 'Clip' || !bounds.every((bound) => bound !== undefined)) return undefined;
    return { activation: string('Clip'), activation_params: floats(bounds) };
  }

  #pool(node: Node): boolean {
    const [input = '', ...others] = node.inputs;
    const [output = ''] = node.outputs;
    const attributes = node.domain === '' ? BLOCKED_POOLS.get(node.op) : undefined;
    if (attributes === undefined || others.length > 0 || node.outputs.length > 1) return false;
    if (!this.#isOnlyBlocked(input)) return false;
    if (!Object.keys(node.attributes).every((name) => attributes.has(name))) return false;
    const image = [this.#blockedOf(input)];
    const hint = `${output}/blocked`;
    this.#blocked.set(output, this.#write.blocked(node.op, image, node.attributes, { hint }));
    return true;
  }

  /** Applies an operator of single elements to values in blocked order, where they are in no other yet. */
  #apply(node: Node): boolean {
    const [output = ''] = node.outputs;
    if (node.domain !== '' || !POINTWISE.has(node.op) || node.outputs.length !== 1) return false;
    if (this.#facts.channelsOf(output) === undefined && !this.#isRoundedOnly(node)) return false;
    const images = node.inputs.filter((name) => name !== '' && !this.#facts.isScalar(name));
    if (images.length === 0 || !images.every((name) => this.#facts.haveOneShape(name, output))) return false;
    if (!this.#goesBlocked(images, output)) return false;
    const inputs = node.inputs.map((name) =>
      images.includes(name) ? this.#blockedOf(name) : this.#plainOf(name),
    );
    this.#blocked.set(output, this.#write.plain(node.op, inputs, `${output}/blocked`, node.attributes));
    return true;
  }

  /** Whether a node rounds to integers that are made real numbers again at once: integers cannot be reordered. */
  #isRoundedOnly({ op, outputs: [output = ''] }: Node): boolean {
    const facts = this.#facts;
    const isReal = (reader: Node): boolean =>
      reader.op === 'DequantizeLinear' && facts.isScalar(reader.inputs[1] ?? '');
    return op === 'QuantizeLinear' && !facts.isOutput(output) && facts.consumersOf(output).every(isReal);
  }

  #goesBlocked(images: readonly string[], output: string): boolean {
    const facts = this.#facts;
    const isWanted = !facts.isOutput(output) && facts.consumersOf(output).every(this.#isCandidate);
    const isOnly = images.some((name) => this.#isOnlyBlocked(name));
    if (images.every((name) => this.#blocked.has(name))) return isWanted || isOnly;
    return isWanted && isOnly && isReorderable(facts.channelsOf(output) ?? NaN);
  }

  #isOnlyBlocked(value: string): boolean {
    return this.#blocked.has(value) && !this.#plain.has(value);
  }

  #plainOf(value: string): string {
    const blocked = this.#blocked.get(value);
    if (blocked === undefined || this.#plain.has(value)) return value;
    this.#plain.add(value);
    const channels = int(this.#facts.channelsOf(value) ?? 0);
    return this.#write.blocked('ReorderOutput', [blocked], { channels }, { name: value });
  }

  #blockedOf(value: string): string {
    const known = this.#blocked.get(value);
    if (known !== undefined) return known;
    const blocked = this.#stackedImage(value) ?? this.#reorder(value);
    this.#blocked.set(value, blocked);
    return blocked;
  }

  #reorder(value: string): string {
    const hint = `${value}/blocked`;
    return this.#write.blocked('ReorderInput', [this.#plainOf(value)], { channels_last: int(0) }, { hint });
  }

  /**
   * Where a value is an [N,C,H,W] image with its samples' channels side by side, [1,N·C,H,W] or [N·C,1,H,W], the
   * blocked image is that already: a weight adjoint then shares the reordering of the convolution that it belongs to.
   */
  #stackedImage(value: string): string | undefined {
    const node = this.#facts.producerOf(value);
    const source = node?.op === 'Reshape' && node.domain === '' ? (node.inputs[0] ?? '') : '';
    const [from, to] = [this.#facts.sizesOf(source), this.#facts.sizesOf(value)];
    if (from?.length !== 4 || to?.length !== 4) return undefined;
    const [batch = 0, channels = 0, ...sizes] = from;
    const stacked = to[0] === 1 ? to[1] : to[0];
    const isStacked = to.includes(1) && stacked === batch * channels && channels % this.#block === 0;
    if (!isStacked || sizes.some((size, axis) => size !== to[axis + 2])) return undefined;
    return this.#write.plain(
      'Reshape',
      [this.#blockedOf(source), this.#write.vector(to)],
      `${value}/blocked`,
    );
  }

  #filterOf(weight: string, plan: ConvolutionPlan): string {
    const key = `${weight} ${plan.paddedInputs} ${plan.isDepthwise}`;
    const known = this.#filters.get(key);
    if (known !== undefined) return known;
    const filter =
      this.#fedDepthwiseFilter(weight, plan) ??
      reorderFilter(this.#write, this.#plainOf(weight), plan, this.#block);
    this.#filters.set(key, filter);
    return filter;
  }

  /** Filters [O,1,h,w] as [O/b, 1, h, w, b of O], which is the blocked order of an image with O channels. */
  #fedDepthwiseFilter(weight: string, plan: ConvolutionPlan): string | undefined {
    const { outputs, isDepthwise, paddedOutputs, kernel } = plan;
    if (!isDepthwise || outputs !== paddedOutputs || !this.#facts.isDynamic(weight)) return undefined;
    const stacked = this.#stackedImage(weight);
    if (stacked !== undefined) return stacked;
    const write = this.#write;
    const shape = write.vector([1, outputs, ...kernel]);
    const image = write.plain('Reshape', [this.#plainOf(weight), shape], `${weight}/image`);
    const own = write.vector([outputs, 1, ...kernel]);
    return write.plain('Reshape', [this.#reorder(image), own], `${weight}/blocked`);
  }

  #biasOf(bias: string, { outputs, paddedOutputs }: ConvolutionPlan): string {
    return padChannels(this.#write, this.#plainOf(bias), [outputs], [paddedOutputs], 1);
  }
}
