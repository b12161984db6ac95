/**
 * /proc/PID/uid_map and gid_map: which ids of the process's user namespace are which outside of it, one range a line. What
 * is outside is the user namespace of the reader, or for a process in the reader's own one the parent of that.
 *
 *              0     100000      65536      first id inside, first id outside, how many
 */

export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** In the kernel's order; empty where nothing was mapped. */
export function parseIdMap(text: string): IdRange[] {
  return text.split('\n').flatMap((line) => {
    const [, inside, outside, count] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/.exec(line) ?? [];
    if (inside === undefined) return [];
    return [{ inside: Number(inside), outside: Number(outside), count: Number(count) }];
  });
}

/** Ids are 32 bits, and the last one means none. */
const ALL_IDS = 2 ** 32 - 1;

/** `0-65535 → 100000-165535, 65536 → 1000`; each id in a range keeps its place. */
export function idMapText(ranges: readonly IdRange[]): string {
  if (ranges.length === 0) return 'nothing mapped';
  const [only] = ranges;
  if (only?.count === ALL_IDS && only.inside === only.outside) return 'all ids as they are';
  return ranges.map(({ inside, outside, count }) => `${span(inside, count)} → ${span(outside, count)}`).join(', ');
}

const span = (first: number, count: number): string => (count === 1 ? `${first}` : `${first}-${first + count - 1}`);
