import { readFile } from 'node:fs/promises';

import type { Graph } from '@unpair/graph';
import { ModelError, decodeModel, encodeModel } from '@unpair/graph';

import { CliError } from '../failure.js';
import { ExternalDataReader } from './external-data.js';

/** A model file: its bytes, which are the artefact, and the graph that they hold. */
export interface ModelFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly graph: Graph;
}

/**
 * Reads an ONNX file. Weights that it keeps in files beside it are put inside the artefact.
 * @throws {CliError} one sentence naming the file.
 */
export async function readModel(path: string): Promise<ModelFile> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    const external = new ExternalDataReader(path);
    const graph = decodeModel(bytes, { external: external.read });
    return { path, bytes: external.wasUsed ? encodeModel(graph) : bytes, graph };
  } catch (cause) {
    if (!(cause instanceof ModelError)) throw cause;
    throw new CliError('INVALID_ARGUMENT', `${path} cannot be used: ${cause.message}`, [], { cause });
  }
}

function unreadable(path: string, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return new CliError('NOT_FOUND', `there is no model file ${path}`, [], { cause });
  if (code === 'EISDIR')
    return new CliError('INVALID_ARGUMENT', `${path} is a folder, not a model file`, [], { cause });
  return cause;
}
