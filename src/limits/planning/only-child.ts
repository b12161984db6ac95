/** The cgroup below that has all processes of another one, as the files say; what the metrics find in a Snapshot. */

import { holdsOthers, isHelper, kindOfPath } from '../../inventory/only-child.ts';
import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';
import { childrenOf, processesIn } from '../../kernel/subtree.ts';

/** Path of the only child with processes, helpers of the runtime aside; undefined where there is none, or others too. */
export function onlyChild(path: string, files: CgroupFiles): string | undefined {
  if (holdsOthers(kindOfPath(path))) return undefined;
  const populated = childrenOf(files.mount, path).filter(
    (child) => parseFlatKeyed(textIfThere(files, child, 'cgroup.events') ?? '').get('populated') === 1,
  );
  const workers = populated.length > 1 ? populated.filter((child) => !isHelper(kindOfPath(child))) : populated;
  const [child, ...others] = workers;
  if (child === undefined || others.length > 0) return undefined;
  const { pids, foreign } = processesIn(files, path);
  return pids.length + foreign === 0 ? child : undefined;
}
