/**
 * Network counters of a row, from /proc/PID/net/dev of a process in it. The file shows the whole network namespace of that
 * process, so a row in the host's namespace gets none: the counters are the host's. A row whose processes are in several
 * namespaces gets none either, as no file has their sum.
 */

import { createNetnsPids, type NetnsPid, type NetnsPidsOptions } from '../inventory/network/netns-pid.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import { INTERFACE_COUNTERS, parseNetDev } from '../kernel/net-dev.ts';
import { NETWORK_FILE } from './files.ts';
import { HOST_NETWORK, NO_PROCESS, SEVERAL_NETWORKS, type SnapshotRow } from './snapshot.ts';

export interface NetworkReading {
  readonly row: number;
  /** In the order of NETWORK_FILE's keys. */
  readonly counters: readonly number[];
  /** errno, or one of the codes of snapshot.ts. */
  readonly error: number;
  /** CLOCK_MONOTONIC milliseconds. */
  readonly time: number;
}

export interface NetworkReader {
  read(rows: readonly (SnapshotRow & { row: number })[]): Promise<NetworkReading[]>;
}

/** Of a row whose counters are unavailable. */
export const NO_COUNTERS: readonly number[] = Array(NETWORK_FILE.keys.length).fill(Number.NaN);

export function createNetworkReader(options: NetnsPidsOptions): NetworkReader {
  const netnsPids = createNetnsPids(options);

  return {
    async read(rows) {
      netnsPids.keep(new Set(rows.map(({ inode }) => inode)));
      const found = await netnsPids.of(rows);
      const asked = found.flatMap(({ row, netnsPid }) =>
        netnsPid.pid === undefined || netnsPid.isHost ? [] : [{ ...row, pid: netnsPid.pid, netns: netnsPid.netns }],
      );
      const texts = await netnsPids.netDev(asked);
      const time = monotonicMs();
      const readings = asked.map(({ row, netns }, index): NetworkReading => {
        const netDev = texts[index] ?? 0;
        if (typeof netDev === 'number') return { row, counters: NO_COUNTERS, error: netDev || NO_PROCESS, time };
        return { row, counters: [...sumOf(netDev), netns], error: 0, time };
      });
      const without = found.flatMap(({ row, netnsPid }): NetworkReading[] =>
        netnsPid.pid !== undefined && !netnsPid.isHost
          ? []
          : [{ row: row.row, counters: NO_COUNTERS, error: errorOf(netnsPid), time }],
      );
      return [...readings, ...without];
    },
  };
}

function errorOf(netnsPid: NetnsPid): number {
  if (netnsPid.pid !== undefined) return HOST_NETWORK;
  const { missing } = netnsPid;
  return missing === 'process' ? NO_PROCESS : missing === 'single namespace' ? SEVERAL_NETWORKS : missing;
}

/** The sum of each counter over the interfaces, without the loopback, whose traffic stays in the namespace. */
function sumOf(netDev: string): number[] {
  const sum = INTERFACE_COUNTERS.map(() => 0);
  for (const [name, counters] of parseNetDev(netDev)) {
    if (name === 'lo') continue;
    INTERFACE_COUNTERS.forEach((key, index) => {
      sum[index] = (sum[index] ?? 0) + counters[key];
    });
  }
  return sum;
}
