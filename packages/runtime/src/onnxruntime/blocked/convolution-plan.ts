import type { Dim, Node } from '@unpair/graph';
import { intAttribute } from '@unpair/graph';

/** Channels of an image are reordered in whole vectors of this many. */
const VECTOR = 4;

/** How onnxruntime's blocked kernels compute a convolution. */
export interface ConvolutionPlan {
  /** Channels of the result, and the same rounded up to whole blocks. */
  readonly outputs: number;
  readonly paddedOutputs: number;
  /** Input channels of a filter, rounded up where its input is blocked. */
  readonly inputs: number;
  readonly paddedInputs: number;
  /** Whether the input has blocked channels too; images of few channels are read as they are. */
  readonly readsBlocked: boolean;
  readonly isDepthwise: boolean;
  readonly groups: number;
  readonly kernel: readonly [number, number];
}

/**
 * Plans a convolution.
 * @param weights shape of its filters, [O,I,h,w]
 * @returns `undefined` where its shape does not fit the blocked kernels
 */
export function planConvolution(
  node: Node,
  weights: readonly Dim[] | undefined,
  block: number,
): ConvolutionPlan | undefined {
  const sizes = weights?.filter((dim) => typeof dim === 'number');
  if (sizes?.length !== 4 || weights?.length !== 4) return undefined;
  const [outputs = 0, inputs = 0, height = 0, width = 0] = sizes;
  const groups = intAttribute(node, 'group', 1);
  const padded = (channels: number): number => Math.ceil(channels / block) * block;
  const plan = {
    outputs,
    paddedOutputs: padded(outputs),
    inputs,
    paddedInputs: inputs,
    readsBlocked: true,
    isDepthwise: false,
    groups,
    kernel: [height, width],
  } as const;
  if (groups === 1) {
    if (inputs < block) return { ...plan, readsBlocked: false };
    return isReorderable(inputs) ? { ...plan, paddedInputs: padded(inputs) } : undefined;
  }
  if (inputs === 1 && outputs === groups) {
    return isReorderable(outputs) ? { ...plan, groups: plan.paddedOutputs, isDepthwise: true } : undefined;
  }
  return inputs % block === 0 && (outputs / groups) % block === 0 ? plan : undefined;
}

/** Whether images of this many channels can be brought into blocked order. */
export function isReorderable(channels: number): boolean {
  return channels % VECTOR === 0;
}
