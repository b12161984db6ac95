/** The mode of a workload's network in the words of docker and podman, by evidence rather than by what was asked for. */

import { areNested } from '../../kernel/cgroup-path.ts';
import type { Workload } from '../workload.ts';
import type { NetworkInterface, Peer } from './facts.ts';

export interface NetworkMode {
  /** `host`, `none`, `bridge`, `container:NAME`, `pod`, `tap` (slirp4netns or pasta), `private`. */
  readonly mode: string;
  /** What says so. */
  readonly evidence: string;
}

/** The workload's own namespace has `sharers` beside it: rows that are not within it, nor it within them. */
export function modeOf(
  workload: Workload,
  isHost: boolean,
  interfaces: readonly NetworkInterface[],
  sharers: readonly Workload[],
): NetworkMode {
  if (isHost) return { mode: 'host', evidence: 'the same network namespace as pid 1' };
  const pod = podOf(workload);
  const maker = oldest([workload, ...sharers].filter(({ kind }) => kind === 'container'));
  const isPod = workload.kind === 'pod' || (pod !== undefined && sharers.some((sharer) => podOf(sharer) === pod));
  const way = wayOf(interfaces);
  if (isPod) {
    const sandbox = maker ? `its sandbox is ${maker === workload ? 'this one' : maker.name}; ` : '';
    const name = workload.pod ?? workload.details?.pod;
    return { mode: 'pod', evidence: `one namespace for the pod${name ? ` ${name}` : ''}; ${sandbox}${way.evidence}` };
  }
  if (workload.kind === 'container' && maker && maker !== workload) {
    return {
      mode: `container:${maker.name}`,
      evidence: `the namespace of ${maker.name}, which is older; ${way.evidence}`,
    };
  }
  return way;
}

/** How the namespace reaches the world, whoever shares it. */
function wayOf(interfaces: readonly NetworkInterface[]): NetworkMode {
  const others = interfaces.filter(({ kind }) => kind !== 'loopback');
  if (others.length === 0) return { mode: 'none', evidence: 'no interface but lo' };
  for (const { name, peer } of others) {
    if (peer && isPeer(peer) && !peer.inside && BRIDGES.has(peer.masterKind ?? '')) {
      return { mode: 'bridge', evidence: `${name} leads to ${peer.name}, a port of ${peer.master}` };
    }
  }
  const tap = others.find(({ kind, name }) => kind === 'tun' || (kind === null && /^tap\d+$/.test(name)));
  if (tap) {
    return {
      mode: 'tap',
      evidence: `${tap.name} is a tap device, as slirp4netns and pasta make for rootless containers`,
    };
  }
  const unknown = others.flatMap(({ peer }) => (peer && !isPeer(peer) ? [peer.unknown] : []))[0];
  const blind = others.some(({ kind }) => kind === null)
    ? 'where its interfaces lead is not known'
    : 'on no bridge of the host';
  return { mode: 'private', evidence: `a network namespace of its own, ${unknown ?? blind}` };
}

const BRIDGES: ReadonlySet<string> = new Set(['bridge', 'openvswitch']);

export const isPeer = (peer: NonNullable<NetworkInterface['peer']>): peer is Peer => 'name' in peer;

/** Ids of cgroups grow: who has the smallest was there first. */
const oldest = (workloads: readonly Workload[]): Workload | undefined =>
  workloads.reduce<Workload | undefined>((best, one) => (best && best.inode < one.inode ? best : one), undefined);

const podOf = ({ podUid, details }: Workload): string | undefined => podUid ?? details?.podUid;

/** The runtime's own word, where it says something else: `default` is docker's for bridge, and ids are names here. */
export function saidOf({ details }: Workload, mode: string, sharers: readonly Workload[]): string | undefined {
  const said = details?.networkMode;
  if (said === undefined || said === mode || (said === 'default' && mode === 'bridge')) return undefined;
  const id = /^container:(.+)$/.exec(said)?.[1];
  const named = id && sharers.find((sharer) => sharer.id === id || sharer.name === id)?.name;
  return named && `container:${named}` === mode ? undefined : said;
}

/** Rows in the same namespace, without what is within the workload or holds it. */
export const besides = (workload: Workload, inNamespace: readonly Workload[]): Workload[] =>
  inNamespace.filter(({ path }) => !areNested(path, workload.path));
