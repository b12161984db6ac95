/** A network told in lines of a label and a text, for the screen and for `tscg get`. */

import type { Fact } from '../fact.ts';
import type { NetworkInterface } from './facts.ts';
import type { NetworkAnswer } from './inspect.ts';
import { isPeer } from './mode.ts';

/** What it is and who shares it; its interfaces are told apart. */
export function networkFacts(answer: NetworkAnswer): Fact[] {
  if ('reason' in answer) return [{ label: 'mode', text: `--   ${answer.reason}` }];
  const { mode, evidence, said, namespace, sharedWith } = answer;
  return [
    { label: 'mode', text: `${mode}   (${evidence})` },
    ...(said === null ? [] : [{ label: 'runtime says', text: said }]),
    { label: 'namespace', text: namespace === null ? '--' : `net:[${namespace}]` },
    ...(sharedWith.length === 0 ? [] : [{ label: 'shared with', text: sharedText(sharedWith) }]),
  ];
}

/** `a, b   (its figures are theirs too: a sum counts them once)` */
export const sharedText = (sharers: readonly { readonly name: string }[]): string =>
  `${sharers.map(({ name }) => name).join(', ')}   (its figures are theirs too: a sum counts them once)`;

/** What could not be found out; a line each. */
export const unknownFacts = (answer: NetworkAnswer): Fact[] =>
  'reason' in answer ? [] : answer.unknown.map((text) => ({ label: 'not known', text }));

/** `veth, up, MTU 1500, index 2, on br0` */
export function interfaceText({ kind, state, mtu, index, master }: NetworkInterface): string {
  const facts = [kind ?? '--', state ?? '--', `MTU ${mtu ?? '--'}`, `index ${index ?? '--'}`];
  return [...facts, ...(master === null ? [] : [`on ${master}`])].join(', ');
}

/** Where an interface leads: `veth1a2b3c (7, up) on docker0` on the host, `eth1 (3, up), inside`. */
export function peerText(peer: NonNullable<NetworkInterface['peer']>): string {
  if (!isPeer(peer)) return `-- ${peer.unknown}`;
  const { name, index, state, inside, master } = peer;
  return `${name} (${index}, ${state})${master === null ? '' : ` on ${master}`}${inside ? ', inside' : ''}`;
}
