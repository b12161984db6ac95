/** Reads what the network of one workload is. Several small reads and two questions to the kernel: for one row, now and then. */

import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, errnoOf } from '../../kernel/error-code.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { loadNative } from '../../kernel/native.ts';
import { parseNetDev } from '../../kernel/net-dev.ts';
import { parseIfInet6, parseIgmpIndices, parseIpv4Addresses } from '../../kernel/proc-net.ts';
import {
  addressesRequest,
  answerError,
  isInterrupted,
  linksRequest,
  namespaceIdRequest,
  parseAddresses,
  parseLinks,
  parseNamespaceId,
} from '../../kernel/route-netlink.ts';
import { isListed, type Workload } from '../workload.ts';
import { interfacesOf, type NetworkEvidence, type NetworkInterface } from './facts.ts';
import { besides, modeOf, type NetworkMode, saidOf } from './mode.ts';
import {
  createNetnsPids,
  NETWORK_MISSING,
  type NetnsPid,
  type NetnsPidsOptions,
  NOBODY,
  namespaceOf,
} from './netns-pid.ts';

export interface NetworkFacts extends NetworkMode {
  /** The runtime's own word for the mode, where it differs. */
  readonly said: string | null;
  /** Inode of the namespace, as `lsns` has it; null where it may not be seen. */
  readonly namespace: number | null;
  /** Rows in the same namespace, beside what holds this one and what it holds. Nobody is listed for the host's. */
  readonly sharedWith: readonly { readonly name: string; readonly path: string }[];
  readonly interfaces: readonly NetworkInterface[];
  /** CLOCK_MONOTONIC milliseconds of their counters. */
  readonly time: number;
  /** What could not be found out, why, and what to do. */
  readonly unknown: readonly string[];
}

/** Facts, or why there are none. */
export type NetworkAnswer = NetworkFacts | { readonly reason: string };

export interface NetworkInspector {
  /** `workloads` are all those that there are. Never rejects. */
  inspect(workload: Workload, workloads: readonly Workload[]): Promise<NetworkAnswer>;
}

/** A dump during which something came or went is asked for again so many times. */
const MOST_TRIES = 4;
/** Rows that are looked at together, to see who shares a namespace. */
const AT_ONCE = 32;
/** Milliseconds between two such looks, and at least so many times as long as the last one took. */
const SEARCH_PACE_MS = 5_000;
const SEARCH_REST = 50;
const AS_ROOT = 'run as root, on the host';

type Ran = Extract<NetnsPid, { pid: number }>;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function createNetworkInspector(options: NetnsPidsOptions): NetworkInspector {
  const { proc, readFiles } = options;
  const netnsPids = createNetnsPids(options);

  /** Answers from inside the namespace of a process, or why it gave none. */
  async function ask(pid: number, requests: readonly Uint8Array[]): Promise<readonly Uint8Array[] | string> {
    const { native, reason } = loadNative();
    if (!native) return `the addon is not there (${reason})`;
    const path = join(proc, String(pid), 'ns/net');
    try {
      const isOurs = namespaceOf(proc, pid) === namespaceOf(proc, 'self');
      const space = isOurs ? undefined : await open(path);
      try {
        let answers: readonly Uint8Array[] = [];
        for (let tries = 0; tries === 0 || (tries < MOST_TRIES && answers.some(isInterrupted)); tries++) {
          answers = await native.routeNetlink(space?.fd ?? -1, requests);
        }
        const failed = answers.slice(0, 1).map(answerError).find(Boolean);
        return failed === undefined ? answers : `the kernel refused to list its interfaces (errno ${failed})`;
      } finally {
        await space?.close();
      }
    } catch (error) {
      return `${path} may not be entered (${codeOf(error) ?? `errno ${errnoOf(error)}`}): ${AS_ROOT}`;
    }
  }

  async function evidenceOf({ pid, isHost }: Ran, netDev: string): Promise<NetworkEvidence> {
    const [inside, outside, texts] = await Promise.all([
      ask(pid, [linksRequest(), addressesRequest(), namespaceIdRequest(HOST_PID)]),
      isHost ? NEEDLESS : ask(HOST_PID, [linksRequest(), namespaceIdRequest(pid)]),
      readFiles(['fib_trie', 'route', 'if_inet6', 'igmp'].map((file) => join(proc, String(pid), 'net', file))),
    ]);
    const [fibTrie = '', route = '', ifInet6 = '', igmp = ''] = texts.map((text) =>
      typeof text === 'string' ? text : '',
    );
    const [links, addresses, hostId] = typeof inside === 'string' ? [] : inside;
    const [hostLinks, ownId] = typeof outside === 'string' ? [] : outside;
    const inet6 = parseIfInet6(ifInet6);
    return {
      isHost,
      netDev: parseNetDev(netDev),
      own:
        links && addresses && hostId
          ? { links: parseLinks(links), addresses: parseAddresses(addresses), hostId: parseNamespaceId(hostId) }
          : {
              links: undefined,
              reason: String(inside),
              addresses: [...parseIpv4Addresses(fibTrie, route), ...inet6],
              indices: new Map([
                ...inet6.map(({ name = '', index }) => [name, index] as const),
                ...parseIgmpIndices(igmp),
              ]),
            },
      host:
        hostLinks && ownId
          ? { links: parseLinks(hostLinks), ownId: parseNamespaceId(ownId) }
          : { links: undefined, reason: String(outside) },
    };
  }

  let last: { readonly netns: number; readonly rows: readonly Workload[]; readonly until: number } | undefined;

  /** Rows in the same namespace: all rows are looked at for it, so seldom. */
  async function inNamespace(netns: number, workloads: readonly Workload[]): Promise<readonly Workload[]> {
    const started = performance.now();
    if (last?.netns !== netns || started >= last.until) {
      const rows = await searchNamespace(netns, workloads);
      const ended = performance.now();
      last = { netns, rows, until: ended + Math.max(SEARCH_PACE_MS, SEARCH_REST * (ended - started)) };
    }
    const living = new Set(workloads.map(({ inode }) => inode));
    return last.rows.filter(({ inode }) => living.has(inode));
  }

  async function searchNamespace(netns: number, workloads: readonly Workload[]): Promise<Workload[]> {
    const rows = workloads.filter(isListed);
    netnsPids.keep(new Set(rows.map(({ inode }) => inode)));
    const found: Workload[] = [];
    for (let from = 0; from < rows.length; from += AT_ONCE) {
      const part = rows.slice(from, from + AT_ONCE);
      const known = await netnsPids.of(part);
      found.push(...known.flatMap(({ row, netnsPid }) => (netnsOf(netnsPid) === netns ? [row] : [])));
    }
    return found;
  }

  return {
    async inspect(workload, workloads) {
      const [one] = await netnsPids.of([workload]);
      const { netnsPid } = one ?? { netnsPid: NOBODY };
      if (netnsPid.pid === undefined) return { reason: reasonOf(netnsPid.missing) };
      const { pid, netns, isHost } = netnsPid;
      const asked = [{ ...workload, pid }];
      const [netDev] = await netnsPids.netDev(asked);
      const time = monotonicMs();
      if (typeof netDev !== 'string') return { reason: reasonOf('process') };
      const [evidence, rows, namespace] = await Promise.all([
        evidenceOf(netnsPid, netDev),
        isHost ? [] : inNamespace(netns, workloads),
        stat(join(proc, String(pid), 'ns/net')).then(
          ({ ino }) => ino,
          () => null,
        ),
      ]);
      // What was read through its pid is its own only if it is there still.
      const [again] = await netnsPids.netDev(asked);
      if (typeof again !== 'string') return { reason: reasonOf('process') };
      const interfaces = interfacesOf(evidence);
      const sharers = besides(workload, rows);
      const found = modeOf(workload, isHost, interfaces, sharers);
      return {
        ...found,
        said: saidOf(workload, found.mode, sharers) ?? null,
        namespace,
        sharedWith: sharers.map(({ name, path }) => ({ name, path })),
        interfaces,
        time,
        unknown: unknownOf(evidence, namespace),
      };
    },
  };
}

const HOST_PID = 1;
const NEEDLESS = "the namespace is the host's";

const netnsOf = (netnsPid: NetnsPid): number | undefined => (netnsPid.pid === undefined ? undefined : netnsPid.netns);

function unknownOf({ own, host, isHost }: NetworkEvidence, namespace: number | null): string[] {
  return [
    ...(own.links === undefined ? [`kind, state and MTU of its interfaces: ${own.reason}`] : []),
    ...(host.links === undefined && !isHost ? [`the host's side: ${host.reason}`] : []),
    ...(namespace === null ? [`the inode of its namespace: ${AS_ROOT}`] : []),
  ];
}

function reasonOf(missing: keyof typeof NETWORK_MISSING | number): string {
  if (typeof missing === 'string') return NETWORK_MISSING[missing];
  return `/proc/PID/net/dev of its processes cannot be read (errno ${missing}): ${AS_ROOT}`;
}
