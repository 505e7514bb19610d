import type { Forecast } from '@unpair/campaign';
import { decodeModel } from '@unpair/graph';
import type { DeviceRequest } from '@unpair/runtime';
import { openRuntime } from '@unpair/runtime';

import { secondsPerImage } from '../models/speed.js';
import type { Submission } from './prepare.js';

/** Seconds that a model from a file takes for one image, by its name. */
export type Speeds = ReadonlyMap<string, number>;

/** Measures the files of a campaign on this machine; models behind endpoints are left out. */
export async function speedsOf(
  { request, artefacts, shape }: Submission,
  device: DeviceRequest,
): Promise<Speeds> {
  const { runtime } = await openRuntime(device);
  const measured = new Map<string, number>();
  const speeds = new Map<string, number>();
  for (const [model, digest] of Object.entries(request.models)) {
    const artefact = artefacts.find((one) => one.digest === digest);
    if (artefact === undefined) continue;
    const seconds =
      measured.get(digest) ??
      (await secondsPerImage(decodeModel(artefact.bytes), { runtime, images: shape }));
    measured.set(digest, seconds);
    speeds.set(model, seconds);
  }
  return speeds;
}

/** Seconds that what is foreseen takes on workers as fast as this machine. */
export function secondsOf({ runs, tasks, made }: Forecast, speeds: Speeds, workers: number): number {
  const origins = new Map(made.map(({ model, of }) => [model, of]));
  const seconds = [...runs].reduce(
    (sum, [model, count]) => sum + count * (speeds.get(originOf(model, origins)) ?? 0),
    0,
  );
  return seconds / Math.min(workers, tasks);
}

/** The file that a model is made from, whose speed is about its own. */
function originOf(model: string, origins: ReadonlyMap<string, string>): string {
  const of = origins.get(model);
  return of === undefined ? model : originOf(of, origins);
}
