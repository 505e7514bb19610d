import type { Graph, LoadOptions, Runtime } from '@unpair/graph';
import { RuntimeError, encodeModel } from '@unpair/graph';
import * as ort from 'onnxruntime-node';
import { probeBlockSize } from './block-size.js';
import { lowerConvolutions } from './blocked-convolution.js';
import { SessionExecutable } from './session-executable.js';

/**
 * Executes graphs with onnxruntime's CPU provider. A run occupies the calling thread until it is done (the
 * binding is synchronous), so parallelism comes from worker threads or processes, each with its own runtime.
 */
export function createOnnxRuntime(): Runtime {
  return { name: 'onnxruntime', version: ort.env.versions.node ?? 'unknown', device: 'cpu', load };
}

async function load(graph: Graph, { threads = 1 }: LoadOptions = {}): Promise<SessionExecutable> {
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RuntimeError(`threads is ${threads}; it must be a whole number of at least 1`);
  }
  try {
    const block = await probeBlockSize();
    const lowered = block === undefined ? graph : lowerConvolutions(graph, block);
    const session = await ort.InferenceSession.create(encodeModel(lowered), sessionOptions(threads));
    return new SessionExecutable(graph, session);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RuntimeError(`onnxruntime cannot load graph "${graph.name}": ${reason}`, { cause: error });
  }
}

function sessionOptions(threads: number): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
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
      },
    },
  };
}
