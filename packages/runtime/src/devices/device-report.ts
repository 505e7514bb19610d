/** One way of executing graphs on this machine: a runtime on a kind of device, and whether it can be used. */
export interface DeviceReport {
  readonly runtime: 'onnxruntime' | 'tensorflow';
  /** `cpu`, `cuda:0`, `webgpu`; `cuda` where none can be used. */
  readonly device: string;
  readonly usable: boolean;
  /** What the device is, or why it cannot be used; a phrase. */
  readonly detail: string;
  /** Bytes of memory that are free on the device; undefined where that is not known. */
  readonly memory?: number;
}

/** A report as one line: `cuda via onnxruntime: no, …`. */
export function describeDevice({ runtime, device, usable, detail }: DeviceReport): string {
  return `${device} via ${runtime}: ${usable ? 'yes' : 'no'}, ${detail}`;
}
