import type { Graph } from '@unpair/graph';
import type { ArchitectureOptions } from '@unpair/training';
import { buildArchitecture, normalInitializer } from '@unpair/training';

/** A model to measure. Its weights are fresh: they cost the same as trained ones. */
export interface Case {
  /** What `--model` takes, and what engine_torch.py builds by this name. */
  readonly name: string;
  readonly label: string;
  readonly batch: number;
  /** Pixels of an image's side. */
  readonly side: number;
  readonly classes: number;
  readonly build: () => Graph;
}

export const CASES: readonly Case[] = [
  caseOf('resnet20-32', 'ResNet-20 at 32 px', 64, 32, 10, 'resnet', { depth: 20 }),
  caseOf('mobilenetv2-32', 'MobileNetV2 at 32 px', 16, 32, 10, 'mobilenet-v2'),
  caseOf('mobilenetv2-224', 'MobileNetV2 at 224 px', 4, 224, 1000, 'mobilenet-v2'),
];

function caseOf(
  name: string,
  label: string,
  batch: number,
  side: number,
  classes: number,
  architecture: string,
  options: ArchitectureOptions = {},
): Case {
  const half = [0.5, 0.5, 0.5];
  const shape = { image: [3, side, side], classes, mean: half, deviation: half } as const;
  const build = (): Graph => buildArchitecture(architecture, options, shape, normalInitializer(1));
  return { name, label, batch, side, classes, build };
}
