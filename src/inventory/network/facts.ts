/** What the network namespace of a workload is, from evidence: its interfaces, where each leads, who shares it. Pure. */

import type { InterfaceCounters } from '../../kernel/net-dev.ts';
import type { ProcAddress } from '../../kernel/proc-net.ts';
import type { Link, LinkAddress } from '../../kernel/route-netlink.ts';
import { clean } from '../../text/clean.ts';

/** null is unknown in all of these; `unknown` of the facts says why. */
export interface NetworkInterface {
  /** Cleaned, as all names here. */
  readonly name: string;
  readonly index: number | null;
  /** `veth`, `bridge`, `tun`, …, `loopback`, `physical`. */
  readonly kind: string | null;
  /** As the kernel calls it: `up`, `down`, `unknown` for drivers that do not tell. */
  readonly state: string | null;
  readonly mtu: number | null;
  /** With prefix where it is known: `172.17.0.2/16`. */
  readonly addresses: readonly string[];
  /** The bridge within its own namespace that it is a port of. */
  readonly master: string | null;
  /** Where it leads: the other end of a veth, what a macvlan or vlan is on. Absent where it leads nowhere. */
  readonly peer?: Peer | { readonly unknown: string };
  /** Since it was made; null where they could not be read. */
  readonly counters: InterfaceCounters | null;
}

export interface Peer {
  readonly name: string;
  readonly index: number;
  readonly state: string;
  /** Within its own namespace, not the host's. */
  readonly inside: boolean;
  /** The bridge (or bond, vrf) that it is a port of. */
  readonly master: string | null;
  readonly masterKind: string | null;
}

/** What was found out; `netDev` is always there. */
export interface NetworkEvidence {
  /** The same namespace as that of pid 1. */
  readonly isHost: boolean;
  readonly netDev: ReadonlyMap<string, InterfaceCounters>;
  /** By netlink from inside, else why not and what /proc tells. */
  readonly own:
    | {
        readonly links: readonly Link[];
        readonly addresses: readonly LinkAddress[];
        /** Id of the host's namespace in this one. */
        readonly hostId: number | undefined;
      }
    | {
        readonly links: undefined;
        readonly reason: string;
        readonly addresses: readonly ProcAddress[];
        readonly indices: ReadonlyMap<string, number>;
      };
  /** By netlink in the host's namespace; needless for the host's own. */
  readonly host:
    | {
        readonly links: readonly Link[];
        /** Id of the workload's namespace in the host's. */
        readonly ownId: number | undefined;
      }
    | { readonly links: undefined; readonly reason: string };
}

/** In the order of their indices. */
export function interfacesOf(evidence: NetworkEvidence): NetworkInterface[] {
  const { own } = evidence;
  return own.links === undefined ? knownFromProc(evidence, own) : knownFromNetlink(evidence, own);
}

type Inside = Extract<NetworkEvidence['own'], { links: readonly Link[] }>;
type Outside = Exclude<NetworkEvidence['own'], Inside>;

function knownFromNetlink({ host, netDev, isHost }: NetworkEvidence, own: Inside): NetworkInterface[] {
  const peerOf = (link: Link): NetworkInterface['peer'] => {
    if (!link.link) return undefined;
    if (link.linkNamespace === undefined) {
      const peer = own.links.find(({ index }) => index === link.link);
      return peer && peerIn(own.links, peer, true);
    }
    // The host's veths lead into containers: that is told there.
    if (isHost) return undefined;
    if (host.links === undefined) return { unknown: host.reason };
    if (link.linkNamespace !== own.hostId) return { unknown: "it leads to a network namespace that is not the host's" };
    const peer = host.links.find(({ index }) => index === link.link);
    // Indices of different namespaces collide all the time: the other end of a veth must point back.
    const isBack = peer?.link === link.index && peer.linkNamespace === host.ownId;
    if (!peer || (link.kind === 'veth' && !isBack)) return { unknown: 'it changed while it was looked at' };
    return peerIn(host.links, peer, false);
  };
  return [...own.links]
    .sort((a, b) => a.index - b.index)
    .map((link): NetworkInterface => {
      const peer = peerOf(link);
      return {
        name: clean(link.name),
        index: link.index,
        kind: link.kind === undefined ? 'physical' : clean(link.kind),
        state: link.state,
        mtu: Number.isNaN(link.mtu) ? null : link.mtu,
        addresses: own.addresses
          .filter(({ index }) => index === link.index)
          .map(({ address, prefix }) => `${address}/${prefix}`),
        master: nameOf(own.links, link.master),
        ...(peer ? { peer } : {}),
        counters: netDev.get(link.name) ?? null,
      };
    });
}

/** Names and counters are there for anybody; of the host's interfaces those that lead into this namespace. */
function knownFromProc({ host, netDev }: NetworkEvidence, own: Outside): NetworkInterface[] {
  const leadingHere =
    host.links === undefined || host.ownId === undefined
      ? []
      : host.links.filter(({ linkNamespace, kind }) => linkNamespace === host.ownId && kind === 'veth');
  const names = [...netDev.keys()];
  const isOnly = names.filter((name) => name !== 'lo').length === 1 && leadingHere.length === 1;
  const indexOf = (name: string): number | null =>
    own.indices.get(name) ?? (isOnly && name !== 'lo' ? (leadingHere[0]?.link ?? null) : null);
  return names
    .map((name): NetworkInterface => {
      const index = indexOf(name);
      const peer = index === null ? undefined : leadingHere.find(({ link }) => link === index);
      return {
        name: clean(name),
        index,
        kind: name === 'lo' ? 'loopback' : peer ? 'veth' : null,
        state: null,
        mtu: null,
        addresses: own.addresses
          .filter((known) => known.name === name)
          .map(({ address, prefix }) => (prefix === undefined ? address : `${address}/${prefix}`)),
        master: null,
        ...(peer && host.links ? { peer: peerIn(host.links, peer, false) } : {}),
        counters: netDev.get(name) ?? null,
      };
    })
    .sort((a, b) => (a.index ?? Number.MAX_VALUE) - (b.index ?? Number.MAX_VALUE));
}

function peerIn(links: readonly Link[], peer: Link, inside: boolean): Peer {
  const master = links.find(({ index }) => index === peer.master);
  return {
    name: clean(peer.name),
    index: peer.index,
    state: peer.state,
    inside,
    master: nameOf(links, peer.master),
    masterKind: master?.kind === undefined ? null : clean(master.kind),
  };
}

function nameOf(links: readonly Link[], wanted: number | undefined): string | null {
  const found = wanted === undefined ? undefined : links.find(({ index }) => index === wanted);
  return found ? clean(found.name) : null;
}
