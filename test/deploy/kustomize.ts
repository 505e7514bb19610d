import { execFileSync } from 'node:child_process';
import { root } from './dockerfile.js';

const built = new Map<string, string>();

/** The manifests of a folder below deploy/k8s, as they are applied. */
export function kustomize(path: string): string {
  const known = built.get(path);
  if (known !== undefined) return known;
  const text = execFileSync('kubectl', ['kustomize', `${root}deploy/k8s/${path}`], { encoding: 'utf8' });
  built.set(path, text);
  return text;
}

/** Why a tool cannot be used, or undefined where it can. */
export function missingTool(tool: string, args: readonly string[]): string | undefined {
  try {
    execFileSync(tool, args, { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${tool} is not installed`;
  }
}
