import { UnpairError } from '@unpair/errors';
import type { Executable, Graph, LoadOptions, Runtime } from '@unpair/graph';
import { encodeModel } from '@unpair/graph';
import * as ort from 'onnxruntime-node';
import { GraphExecutable } from '../graph-executable.js';
import { probeBlockSize } from './blocked/block-size.js';
import { lowerConvolutions } from './blocked/lower-convolutions.js';
import { loadedSession } from './loaded-session.js';
import { ownInt8Constants } from './own-int8-constants.js';
import { mixesQuantizedAndFloat } from './quantized-weights.js';

/**
 * Executes graphs with onnxruntime, on its CPU provider or on a GPU through its CUDA provider. A run occupies the calling
 * thread until it is done (the binding is synchronous), so parallelism comes from worker threads or processes, each with
 * its own runtime.
 *
 * @param device `cpu` or `cuda:0`, `cuda:1`, …
 */
export function createOnnxRuntime(device = 'cpu'): Runtime {
  return {
    name: 'onnxruntime',
    version: ort.env.versions.node ?? 'unknown',
    device,
    load: (graph, options) => load(device, graph, options),
  };
}

async function load(device: string, graph: Graph, { threads = 1 }: LoadOptions = {}): Promise<Executable> {
  if (!Number.isInteger(threads) || threads < 1) {
    throw new UnpairError(
      'FAILED_PRECONDITION',
      `threads is ${threads}; it must be a whole number of at least 1`,
    );
  }
  try {
    // Blocked channels are an affair of the CPU's kernels.
    const block = device === 'cpu' ? await probeBlockSize() : undefined;
    const separate = ownInt8Constants(graph);
    const lowered = block === undefined ? separate : lowerConvolutions(separate, block);
    const session = await ort.InferenceSession.create(
      encodeModel(lowered),
      sessionOptions(device, graph, threads),
    );
    return new GraphExecutable(graph, loadedSession(graph.name, session));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnpairError('FAILED_PRECONDITION', `onnxruntime cannot load graph "${graph.name}": ${reason}`, {
      cause: error,
    });
  }
}

/** Why GPU number `index` cannot be used; undefined when a graph was loaded there. */
export async function checkCuda(index: number): Promise<string | undefined> {
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
    await (await load(`cuda:${index}`, graph)).close();
    return undefined;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message.trim() : String(cause);
  }
}

function executionProviders(device: string): ort.InferenceSession.ExecutionProviderConfig[] {
  if (device === 'cpu') return ['cpu'];
  return [{ name: 'cuda', deviceId: Number(device.split(':')[1] ?? 0) }, 'cpu'];
}

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
      },
    },
  };
}
