/**
 * The directories of an overlay mount, from its options in mountinfo:
 *
 *     lowerdir=/a:/b\134:c,upperdir=/up\040per,workdir=/work     one option, topmost first; `\134:` is a colon of a path
 *     lowerdir=/a\072b:/b::/data                                 6.6: octal colons; after `::` layers that hold data only
 *     lowerdir+=/a,lowerdir+=/b,datadir+=/data                   mounted by fsconfig(2), since 6.8
 *     lowerdir=l/ABC:l/DEF,upperdir=HASH/diff                    docker and podman with many layers: beneath their folder
 */

import { unescapeOctal } from './mountinfo.ts';

export interface OverlayLayers {
  /** Topmost first. Not absolute where the mounter stood in another directory. */
  readonly lower: readonly string[];
  /** Hold file contents only, for metadata in `lower`. */
  readonly data: readonly string[];
  /** Absent for an overlay that cannot be written. */
  readonly upper?: string;
  readonly work?: string;
}

/** `superOptions` as mountinfo has them, escaped. undefined where they name no lower layer. */
export function parseOverlay(superOptions: readonly string[]): OverlayLayers | undefined {
  const valuesOf = (name: string): string[] =>
    superOptions.flatMap((option) => (option.startsWith(`${name}=`) ? [option.slice(name.length + 1)] : []));
  const [joined = ''] = valuesOf('lowerdir');
  const [merged = [], ...rest] = splitAtColons(joined);
  const lower = [...merged, ...valuesOf('lowerdir+')].map(unescapePath);
  if (lower.length === 0) return undefined;
  const [upper] = valuesOf('upperdir');
  const [work] = valuesOf('workdir');
  return {
    lower,
    data: [...rest.flat(), ...valuesOf('datadir+')].map(unescapePath),
    ...(upper ? { upper: unescapePath(upper) } : {}),
    ...(work ? { work: unescapePath(work) } : {}),
  };
}

/** Groups of paths: those between `:`, in groups between `::`. A colon after an (escaped) backslash is the path's own. */
function splitAtColons(text: string): string[][] {
  const groups = [['']];
  for (const [token] of text.matchAll(/\\134(?:\\134|:)|::?|[^:\\]+|\\/g)) {
    const group = groups.at(-1) ?? [];
    if (token === '::') groups.push(['']);
    else if (token === ':') group.push('');
    else group.push(`${group.pop() ?? ''}${token}`);
  }
  return groups.map((paths) => paths.filter((path) => path !== ''));
}

/** The kernel's octal, and within it the mounter's backslashes. */
const unescapePath = (path: string): string => unescapeOctal(path).replace(/\\(.)/g, '$1');
