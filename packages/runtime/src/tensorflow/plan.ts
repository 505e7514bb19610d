import { UnpairError } from '@unpair/errors';
import type { Graph, Node, Tensor, Tensors } from '@unpair/graph';
import { decompose, describeNode, foldConstants, upgradeOpset } from '@unpair/graph';
import type { Device } from './device.js';
import { fuseActivations } from './fuse-activations.js';
import { ruleOf } from './registry.js';
import type { Operation } from './rule.js';
import { Value } from './value.js';

/** One node, compiled. Values are kept in slots by number. */
interface Step {
  readonly node: Node;
  readonly operation: Operation;
  /** Slots of the inputs; -1 for one that is absent. */
  readonly inputs: readonly number[];
  /** Slots of the outputs; -1 for one that nobody asked for. */
  readonly outputs: readonly number[];
  /** Slots whose values no later step reads. */
  readonly dead: readonly number[];
}

/** A graph as a list of steps, with its constants on the device. */
export interface Plan {
  run(feeds: Tensors): Tensors;
  dispose(): void;
}

/**
 * Compiles a graph for a device whose backend is the current one: computes what is constant, chooses the kernels of
 * everything else, and notes after which step each value can be freed.
 * @throws {UnpairError} naming the first operator that the device cannot run
 */
export function compilePlan(device: Device, graph: Graph): Plan {
  const elementary = decompose(upgradeOpset(graph), (node) => ruleOf(node) === undefined);
  return new Compiler(device, fuseActivations(foldConstants(elementary))).compile();
}

class Compiler {
  readonly #device: Device;
  readonly #graph: Graph;
  readonly #slots = new Map<string, number>();
  readonly #constants = new Map<number, Value>();

  constructor(device: Device, graph: Graph) {
    this.#device = device;
    this.#graph = graph;
  }

  compile(): Plan {
    try {
      return this.#compile();
    } catch (error) {
      for (const value of this.#constants.values()) value.dispose();
      throw error;
    }
  }

  #compile(): Plan {
    const { inputs, outputs, initializers, nodes } = this.#graph;
    for (const { name } of inputs) this.#slot(name);
    for (const [name, tensor] of initializers) this.#constant(name, tensor);
    const steps = nodes.map((node) => this.#step(node)).filter((step) => !this.#precompute(step));
    const results = outputs.map(({ name }) => [name, this.#slot(name)] as const);
    const kept = new Set([...this.#constants.keys(), ...results.map(([, slot]) => slot)]);
    this.#dropUnused(steps, kept);
    const feeds = new Map(inputs.map(({ name }) => [name, this.#slot(name)]));
    return new StepPlan(this.#device, {
      steps: withLifetimes(steps, kept),
      feeds,
      results,
      constants: this.#constants,
    });
  }

  #slot(name: string): number {
    if (name === '') return -1;
    const known = this.#slots.get(name) ?? this.#slots.size;
    this.#slots.set(name, known);
    return known;
  }

  #constant(name: string, tensor: Tensor): void {
    this.#constants.set(this.#slot(name), Value.onHost(this.#device, tensor));
  }

  #step(node: Node): Step {
    const rule = ruleOf(node);
    if (rule === undefined) {
      throw new UnpairError(
        'FAILED_PRECONDITION',
        `the runtime tensorflow does not have the operator ${node.op} of node "${node.name}"`,
      );
    }
    const operation = rule({ device: this.#device, node, opset: this.#graph.opset });
    const inputs = node.inputs.map((name) => this.#slot(name));
    return { node, operation, inputs, outputs: node.outputs.map((name) => this.#slot(name)), dead: [] };
  }

  /** Runs a step whose inputs are all constant now, and for good. */
  #precompute(step: Step): boolean {
    if (!step.inputs.every((slot) => slot === -1 || this.#constants.has(slot))) return false;
    runStep(this.#device, step, this.#constants);
    return true;
  }

  /** Disposes of constants that only other constants were computed from. */
  #dropUnused(steps: readonly Step[], kept: Set<number>): void {
    const results = new Set(this.#graph.outputs.map(({ name }) => this.#slot(name)));
    const used = new Set(steps.flatMap(({ inputs }) => inputs));
    for (const [slot, value] of this.#constants) {
      if (used.has(slot) || results.has(slot)) continue;
      value.dispose();
      this.#constants.delete(slot);
      kept.delete(slot);
    }
  }
}

/** Notes after which step each value is read for the last time. */
function withLifetimes(steps: readonly Step[], kept: ReadonlySet<number>): readonly Step[] {
  const seen = new Set<number>(kept);
  return steps
    .toReversed()
    .map((step) => {
      const touched = new Set([...step.inputs, ...step.outputs]);
      const dead = [...touched].filter((slot) => slot !== -1 && !seen.has(slot));
      for (const slot of dead) seen.add(slot);
      return { ...step, dead };
    })
    .toReversed();
}

function runStep(
  device: Device,
  { node, operation, inputs, outputs }: Step,
  values: Map<number, Value>,
): void {
  try {
    const results = device.scope(() => operation(inputs.map((slot) => values.get(slot))));
    results.forEach((value, i) => {
      const slot = outputs[i] ?? -1;
      if (slot === -1) value.dispose();
      else values.set(slot, value);
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnpairError('FAILED_PRECONDITION', `${describeNode(node)}: ${reason}`, { cause: error });
  }
}

interface StepPlanParts {
  readonly steps: readonly Step[];
  readonly feeds: ReadonlyMap<string, number>;
  readonly results: readonly (readonly [string, number])[];
  readonly constants: ReadonlyMap<number, Value>;
}

class StepPlan implements Plan {
  readonly #device: Device;
  readonly #parts: StepPlanParts;

  constructor(device: Device, parts: StepPlanParts) {
    this.#device = device;
    this.#parts = parts;
  }

  run(feeds: Tensors): Tensors {
    const { steps, results, constants } = this.#parts;
    const values = new Map(constants);
    try {
      for (const [name, slot] of this.#parts.feeds) {
        const feed = feeds[name];
        if (feed !== undefined) values.set(slot, Value.onHost(this.#device, feed));
      }
      for (const step of steps) {
        runStep(this.#device, step, values);
        for (const slot of step.dead) {
          values.get(slot)?.dispose();
          values.delete(slot);
        }
      }
      return Object.fromEntries(results.map(([name, slot]) => [name, this.#read(values.get(slot))]));
    } finally {
      for (const [slot, value] of values) if (!constants.has(slot)) value.dispose();
    }
  }

  dispose(): void {
    for (const value of this.#parts.constants.values()) value.dispose();
  }

  /** A copy, so that nobody can change a feed or a constant through a result. */
  #read(value: Value | undefined): Tensor {
    if (value === undefined)
      throw new UnpairError('FAILED_PRECONDITION', 'an output is not computed by any node');
    const tensor = this.#device.scope(() => value.host());
    return { ...tensor, data: tensor.data.slice() } as Tensor;
  }
}
