/** Why a cell is unavailable, in one sentence, for the explain key and `tscg get`. */

import { constants } from 'node:os';
import { NETWORK_MISSING } from '../inventory/network/netns-pid.ts';
import { NOT_READ } from '../kernel/collector.ts';
import { errnoName } from '../kernel/error-code.ts';
import { PSI_IS_OFF } from '../kernel/pressure.ts';
import { metric } from './catalogue.ts';
import { SNAPSHOT_FILES } from './files.ts';
import type { LimitKind } from './reading.ts';
import {
  COUNTERS_FELL,
  errorAt,
  HOST_NETWORK,
  IMPOSSIBLE,
  NO_PROCESS,
  NOT_TOLD,
  SEVERAL_NETWORKS,
} from './snapshot.ts';
import type { Usage } from './usage.ts';

/** undefined where the value is there. */
export function reasonFor(id: string, usage: Usage, row: number): string | undefined {
  if (!Number.isNaN(usage.value(id, row))) return undefined;
  const { sources, limit } = metric(id);
  for (const source of sources) {
    const reason = fileReason(source.slice(0, source.lastIndexOf(':')), usage, row);
    if (reason) return reason;
  }
  if (limit?.tells === 'room') return limitReason(limit.kind, usage, row);
  // cpu.stat has the keys of a quota only where cpu.max is.
  if (id.startsWith('cpu_throttled') && errorOf('cpu.max', usage, row) === constants.errno.ENOENT) {
    return fileReason('cpu.max', usage, row);
  }
  if (id === 'cpu_throttled_percent' && !Number.isNaN(usage.seconds)) {
    return 'no quota period ran in this interval (no cpu.max, or it was idle)';
  }
  if (Number.isNaN(usage.seconds)) return 'a rate needs two samples';
  return 'new or re-created in this interval, or this kernel does not count it, or it comes to more than any machine has';
}

function limitReason(kind: LimitKind, usage: Usage, row: number): string {
  const bound = usage.headroom(kind).rows[row] ?? -1;
  if (bound < 0) return 'nothing limits it';
  if (Number.isNaN(usage.seconds) && kind === 'cpu') return 'a rate needs two samples';
  if (usage.headroom(kind).values[row] === 0) return `the limit of ${usage.snapshot.rows[bound]?.path} is 0`;
  return `what ${usage.snapshot.rows[bound]?.path} uses of its limit is unknown`;
}

const errorOf = (file: string, { snapshot }: Usage, row: number): number =>
  errorAt(
    snapshot,
    SNAPSHOT_FILES.findIndex((spec) => spec.file === file),
    row,
  );

/** Why nothing is known of a file; undefined where it was read. */
export function fileReason(file: string, usage: Usage, row: number): string | undefined {
  const { snapshot } = usage;
  const error = errorOf(file, usage, row);
  const controller = file.split('.')[0];
  const isPressure = file.endsWith('.pressure');
  switch (error) {
    case 0:
      return undefined;
    case NOT_READ:
      return `${file} is read for visible rows only`;
    case COUNTERS_FELL:
      return `${file} lacked counters that it had before, or they were lower: no rate until it is read whole again`;
    case HOST_NETWORK:
      return "it shares the host's network";
    case NO_PROCESS:
      return NETWORK_MISSING.process;
    case SEVERAL_NETWORKS:
      return NETWORK_MISSING['single namespace'];
    case NOT_TOLD:
      return 'the store has no number of it: it needs two scrapes, or the machine does not have it, or tscg export does not serve it';
    case IMPOSSIBLE:
      return `a figure of ${file} was told that cannot be: below 0, or more than any machine has`;
    case constants.errno.ENOENT:
      if (isPressure) return `no ${file}: ${PSI_IS_OFF}`;
      return snapshot.rows[row]?.path === '/'
        ? `the root cgroup has no ${file}`
        : `no ${file}: the ${controller} controller is not enabled here, or not in this kernel${controller === 'memory' ? ' (cgroup_enable=memory on its command line)' : ''}; tscg controllers tells where it stops`;
    case constants.errno.EOPNOTSUPP:
      return isPressure ? PSI_IS_OFF : `${file} is not supported for this cgroup`;
    case constants.errno.EACCES:
    case constants.errno.EPERM:
      return `not permitted to read ${file}: run as root`;
    default:
      return `reading ${file} failed: ${errnoName(error)}`;
  }
}
