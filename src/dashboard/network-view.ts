/** The network of the selected row: mode, namespace and who shares it; each interface, where it leads and what it carries. */

import type { Fact } from '../inventory/fact.ts';
import type { NetworkInterface } from '../inventory/network/facts.ts';
import { interfaceText, networkFacts, peerText, unknownFacts } from '../inventory/network/words.ts';
import type { Workload } from '../inventory/workload.ts';
import type { InterfaceCounters } from '../kernel/net-dev.ts';
import { formatValue } from '../metrics/format.ts';
import type { Unit } from '../metrics/metric.ts';
import { padEnd, padStart } from '../text/cells.ts';
import type { NetworkInside } from './inside.ts';
import { paneTitle } from './pane-title.ts';
import { type Line, type Piece, wrapped } from './style.ts';

const LABEL_CELLS = 13;
const WAY_CELLS = 5;
const FIGURE_CELLS = 9;
/** The counters of one direction. */
const KEYS = ['Bytes', 'Packets', 'Drop', 'Errors'] as const;
const HEADS = ['BYTES/s', 'PKTS/s', 'DROPS/s', 'ERRS/s', 'BYTES', 'PKTS', 'DROPS', 'ERRS'];

export function networkView(workload: Workload | undefined, known: NetworkInside | undefined, width: number): Line[] {
  const title = paneTitle(workload, 'network', known !== undefined);
  if (!workload || !known) return [title];
  const { answer, rates } = known;
  const labelled = ({ label, text }: Fact): Line => [
    [padEnd(label, LABEL_CELLS), 'accent'],
    ...text.split(/(?<=\s)(?=\()/).map((part, index): Piece => [part, index === 0 ? 'plain' : 'dim']),
  ];
  // The loopback last: it carries nothing to anybody else.
  const isLoopback = ({ kind }: NetworkInterface): boolean => kind === 'loopback';
  const all = 'reason' in answer ? [] : answer.interfaces;
  const interfaces = [...all.filter((one) => !isLoopback(one)), ...all.filter(isLoopback)];
  const head: Line = [
    [`${padEnd('', WAY_CELLS)}${HEADS.slice(0, figuresIn(width)).map(figureCell).join('')}`, 'title'],
  ];
  return [
    title,
    ...networkFacts(answer).flatMap((fact) => wrapped(labelled(fact), width)),
    ...(interfaces.length > 0 ? [head] : []),
    ...interfaces.flatMap((one) => interfaceLines(one, rates.get(one.name), width)),
    ...unknownFacts(answer).map(
      ({ label, text }): Line => [
        [padEnd(label, LABEL_CELLS), 'warning'],
        [text, 'warning'],
      ],
    ),
  ];
}

/** How many figures of a line fit as a whole. */
const figuresIn = (width: number): number => Math.max(1, Math.floor((width - WAY_CELLS) / FIGURE_CELLS));

const figureCell = (text: string): string => padStart(text, FIGURE_CELLS);

function interfaceLines(one: NetworkInterface, rates: InterfaceCounters | undefined, width: number): Line[] {
  const { name, addresses, peer, counters } = one;
  const about: Line = [
    [`${name}  `, 'accent'],
    [`${interfaceText(one)}  `],
    ...addresses.map((address): Piece => [`${address}  `, 'good']),
    ...(peer ? ([['→ ', 'dim'], [peerText(peer)]] as const) : []),
  ];
  const figures = (from: InterfaceCounters | null | undefined, way: 'rx' | 'tx', count: Unit): Piece[] =>
    KEYS.map((key): Piece => {
      const value = from?.[`${way}${key}`] ?? Number.NaN;
      const isBad = (key === 'Drop' || key === 'Errors') && value > 0;
      const text = formatValue(value, key === 'Bytes' ? 'bytes_per_second' : count);
      return [figureCell(text), isBad ? 'warning' : Number.isNaN(value) ? 'dim' : 'plain'];
    });
  return [
    ...wrapped(about, width),
    ...(['rx', 'tx'] as const).map(
      (way): Line => [
        [padStart(way, WAY_CELLS), 'dim'],
        ...[...figures(rates, way, 'ops_per_second'), ...figures(counters, way, 'count')].slice(0, figuresIn(width)),
      ],
    ),
  ];
}
