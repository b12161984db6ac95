/** The layers of an overlay: from the paths in its mount options to those that can be opened from here. */

import { statfs } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { openWithoutLinks } from '../../kernel/open-in-root.ts';
import type { OverlayLayers } from '../../kernel/overlay.ts';
import { throughHandle } from '../../kernel/path-handle.ts';
import type { Viewpoint } from './viewpoint.ts';

export interface FoundLayers {
  /** As mounted where they are `hidden`. */
  readonly layers: OverlayLayers;
  /** The upper layer, or the topmost of one that cannot be written, lies where nobody whom we may ask sees it. */
  readonly hidden: boolean;
  /** Of that layer, as `viewpoint` sees it. */
  readonly top?: string;
}

/**
 * Makes the paths of the layers absolute, and free of docker's and podman's short links (`l/ABC`). A path that is not
 * absolute lies beneath the engine's folder: two levels above the merged directory, or above the upper layer that the
 * engine names. `mergedRoot`: where the overlay itself can be opened, to compare its top layer with it.
 */
export async function findLayers(
  layers: OverlayLayers,
  viewpoint: Viewpoint,
  { merged, toldUpper, mergedRoot }: { merged?: string; toldUpper?: string; mergedRoot: string },
): Promise<FoundLayers> {
  const sample = layers.upper ?? layers.lower[0] ?? '';
  let base = '';
  for (const path of isAbsolute(sample) ? [] : [merged, toldUpper]) {
    const candidate = path === undefined ? undefined : dirname(dirname(path));
    if (base === '' && candidate && (await viewpoint.real(join(candidate, sample)))) base = candidate;
  }
  const placed = (path: string): string => (isAbsolute(path) || base === '' ? path : join(base, path));
  const top = isAbsolute(placed(sample)) ? await viewpoint.real(placed(sample)) : undefined;
  if (top === undefined || !(await canBeTop(await viewpoint.fromHere(top), mergedRoot)))
    return { layers, hidden: true };
  const settle = async (path: string): Promise<string> => {
    const real = await viewpoint.real(placed(path));
    return real === undefined ? placed(path) : viewpoint.fromHere(real);
  };
  return {
    layers: {
      lower: await Promise.all(layers.lower.map(settle)),
      data: await Promise.all(layers.data.map(settle)),
      ...(layers.upper === undefined ? {} : { upper: await settle(layers.upper) }),
      ...(layers.work === undefined ? {} : { work: await settle(layers.work) }),
    },
    hidden: false,
    top,
  };
}

/** statfs(2) of an overlay tells of the file system of its top layer: a directory of the same path on another is not it. */
async function canBeTop(directory: string, mergedRoot: string): Promise<boolean> {
  try {
    const handle = await openWithoutLinks(directory);
    try {
      const [is, merged] = await Promise.all([statfs(throughHandle(handle)), statfs(mergedRoot)]);
      return is.bsize * is.blocks === merged.bsize * merged.blocks && is.files === merged.files;
    } finally {
      await handle.close();
    }
  } catch {
    // Not for us: nothing says that it is another one.
    return true;
  }
}
