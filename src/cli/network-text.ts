/** The network of a workload as lines of `tscg get`. */
import type { NetworkInterface } from '../inventory/network/facts.ts';
import type { NetworkAnswer } from '../inventory/network/inspect.ts';
import { peerText } from '../inventory/network/peer-text.ts';
import { formatValue } from '../metrics/format.ts';

/** Label and value of each line. */
export function networkLines(facts: NetworkAnswer): [label: string, value: string][] {
  if ('reason' in facts) return [['mode', `--   ${facts.reason}`]];
  const { mode, evidence, said, namespace, sharedWith, interfaces, unknown } = facts;
  const names = sharedWith.map(({ name }) => name).join(', ');
  return [
    ['mode', `${mode}   (${evidence})`],
    ...(said === null ? [] : ([['runtime says', said]] as const)),
    ['namespace', namespace === null ? '--' : `net:[${namespace}]`],
    ...(names === ''
      ? []
      : ([['shared with', `${names}   (its figures are theirs too: a sum counts them once)`]] as const)),
    ...interfaces.flatMap(interfaceLines),
    ...unknown.map((text) => ['not known', text] as const),
  ].map(([label, value]) => [label, value]);
}

function interfaceLines({
  name,
  index,
  kind,
  state,
  mtu,
  addresses,
  master,
  peer,
  counters,
}: NetworkInterface): [string, string][] {
  const facts = [kind ?? '--', state ?? '--', `MTU ${mtu ?? '--'}`, `index ${index ?? '--'}`];
  return [
    [name, [...facts, ...(master === null ? [] : [`on ${master}`])].join(', ')],
    ...(addresses.length > 0 ? ([['', addresses.join('  ')]] as [string, string][]) : []),
    ...(peer ? ([['', `→ ${peerText(peer)}`]] as [string, string][]) : []),
    ...(counters
      ? (['rx', 'tx'] as const).map((way): [string, string] => {
          const count = (key: 'Packets' | 'Drop' | 'Errors'): string => formatValue(counters[`${way}${key}`], 'count');
          const bytes = formatValue(counters[`${way}Bytes`], 'bytes_per_second');
          return [
            '',
            `${way} ${bytes} in ${count('Packets')} packets, ${count('Drop')} dropped, ${count('Errors')} errors`,
          ];
        })
      : []),
  ];
}
