/** The network of a workload as lines of `tscg get`. */

import type { Fact } from '../inventory/fact.ts';
import type { NetworkInterface } from '../inventory/network/facts.ts';
import type { NetworkAnswer } from '../inventory/network/inspect.ts';
import { interfaceText, networkFacts, peerText, unknownFacts } from '../inventory/network/words.ts';
import { formatValue } from '../metrics/format.ts';

/** Label and value of each line. */
export function networkLines(answer: NetworkAnswer): [label: string, value: string][] {
  const interfaces = 'reason' in answer ? [] : answer.interfaces;
  const told = (facts: readonly Fact[]): [string, string][] => facts.map(({ label, text }) => [label, text]);
  return [...told(networkFacts(answer)), ...interfaces.flatMap(interfaceLines), ...told(unknownFacts(answer))];
}

function interfaceLines(one: NetworkInterface): [string, string][] {
  const { name, addresses, peer, counters } = one;
  return [
    [name, interfaceText(one)],
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
