/** Where an interface leads, in words: `veth1a2b3c (7, up) on docker0` on the host, `eth1 (3, up), inside`. */
import type { NetworkInterface } from './facts.ts';
import { isPeer } from './mode.ts';

export function peerText(peer: NonNullable<NetworkInterface['peer']>): string {
  if (!isPeer(peer)) return `-- ${peer.unknown}`;
  const { name, index, state, inside, master } = peer;
  return `${name} (${index}, ${state})${master === null ? '' : ` on ${master}`}${inside ? ', inside' : ''}`;
}
