import { UnpairError } from '@unpair/errors';
import type { Executable, Graph, LoadOptions, Runtime } from '@unpair/graph';
import { encodeModel } from '@unpair/graph';
import * as ort from 'onnxruntime-node';
import type { LoadedGraph } from '../graph-executable.js';
import { GraphExecutable } from '../graph-executable.js';
import { probeBlockSize } from './blocked/block-size.js';
import { lowerConvolutions } from './blocked/lower-convolutions.js';
import { heldToGraph } from './held-to-graph.js';
import { keepSoftmaxInFloats } from './keep-softmax-in-floats.js';
import { loadedSession } from './loaded-session.js';
import { openLogSoftmax } from './open-log-softmax.js';
import { ownInt8Constants } from './own-int8-constants.js';
import { fusesToIntegers, mixesQuantizedAndFloat } from './quantized-weights.js';
import { assertThreads } from '../threads.js';

/**
 * Executes graphs with onnxruntime, on its CPU provider or on a GPU through its CUDA or WebGPU provider. A run occupies the calling
 * thread until it is done (the binding is synchronous), so parallelism comes from worker threads or processes, each with
 * its own runtime.
 *
 * @param device `cpu`, `webgpu` or `cuda:0`, `cuda:1`, …
 */
export function createOnnxRuntime(device = 'cpu'): Runtime {
  return {
    name: 'onnxruntime',
    version: ort.env.versions.node ?? 'unknown',
    device,
    load: (graph, options) => load(device, graph, options),
  };
}

async function load(device: string, given: Graph, { threads = 1 }: LoadOptions = {}): Promise<Executable> {
  assertThreads(threads);
  const graph = device === 'webgpu' ? openLogSoftmax(given) : given;
  try {
    // Blocked channels are an affair of the CPU's kernels.
    const block = device === 'cpu' ? await probeBlockSize() : undefined;
    const fusible = keepSoftmaxInFloats(ownInt8Constants(graph));
    const lowered = block === undefined ? fusible : lowerConvolutions(fusible, block);
    const fused = (): Promise<LoadedGraph> => open(lowered, sessionOptions(device, graph, threads));
    if (!fusesToIntegers(graph)) return new GraphExecutable(graph, await fused());
    const plain = (): Promise<LoadedGraph> =>
      open(graph, { ...sessionOptions(device, graph, threads), ...UNFUSED });
    const { loaded, remark } = await heldToGraph(graph, { fused, plain });
    return new GraphExecutable(graph, loaded, remark);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnpairError('FAILED_PRECONDITION', `onnxruntime cannot load graph "${graph.name}": ${reason}`, {
      cause: error,
    });
  }
}

async function open(graph: Graph, options: ort.InferenceSession.SessionOptions): Promise<LoadedGraph> {
  return loadedSession(graph.name, await ort.InferenceSession.create(encodeModel(graph), options));
}

/** Why a device cannot be used; undefined when a graph was loaded there. */
export async function checkDevice(device: string): Promise<string | undefined> {
  const y = { name: 'y', dataType: 'float32', shape: [1] } as const;
  const graph: Graph = {
    name: 'probe',
    opset: 17,
    inputs: [{ ...y, name: 'x' }],
    outputs: [y],
    initializers: new Map(),
    nodes: [{ op: 'Abs', domain: '', name: 'y', inputs: ['x'], outputs: ['y'], attributes: {} }],
  };
  try {
    await (await load(device, graph)).close();
    return undefined;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message.trim() : String(cause);
  }
}

function executionProviders(device: string): ort.InferenceSession.ExecutionProviderConfig[] {
  if (device === 'cpu' || device === 'webgpu') return [device];
  return [{ name: 'cuda', deviceId: Number(device.split(':')[1] ?? 0) }, 'cpu'];
}

/** Constants are folded, but all operators stay what they are. */
const UNFUSED: ort.InferenceSession.SessionOptions = { graphOptimizationLevel: 'basic' };

function sessionOptions(device: string, graph: Graph, threads: number): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: executionProviders(device),
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Errors reach the caller as exceptions; onnxruntime's own log would only repeat them on stderr.
    logSeverityLevel: 4,
    extra: {
      session: {
        // Workers share the cores: a thread that waits must not spin on one that another worker needs.
        intra_op: { allow_spinning: '0' },
        // Without VNNI the fast kernels add pairs of 8-bit products in 16 bits, which saturate: other numbers than on
        // processors that have it. The exact kernels take about as long as float ones do.
        x64quantprecision: '1',
        disable_quant_qdq: mixesQuantizedAndFloat(graph) ? '1' : '0',
        // What WebGPU does not know is refused: on the CPU it would be other numbers without a word.
        disable_cpu_ep_fallback: device === 'webgpu' ? '1' : '0',
      },
    },
  };
}
