/** What the container screen tells of the inside of its row: the network in a few lines, and io by device. */

import type { NetworkInterface } from '../inventory/network/facts.ts';
import { peerText, sharedText } from '../inventory/network/words.ts';
import type { WorkloadDetails } from '../inventory/workload.ts';
import type { LimitInForce } from '../limits/catalogue/limits-in-force.ts';
import { DEVICE_FIGURES, type DeviceIo } from '../metrics/device-io.ts';
import { formatValue } from '../metrics/format.ts';
import type { NetworkInside } from './inside.ts';
import type { Piece } from './style.ts';

/** The pieces of each line: mode and addresses, where each interface leads, who shares it. */
export function networkPieces(network: NetworkInside | undefined, details: WorkloadDetails | undefined): Piece[][] {
  const answer = network?.answer;
  if (answer === undefined || 'reason' in answer) {
    const told = [details?.networkMode, ...(details?.ipAddresses ?? [])].filter((text) => text !== undefined);
    return [[[`${told.length > 0 ? told.join(' ') : '--'}  `], [answer ? answer.reason : 'reading …', 'dim']]];
  }
  const { mode, said, interfaces, sharedWith } = answer;
  // The interfaces of the host are of no interest here, and the loopback never is.
  const own = mode === 'host' ? [] : interfaces.filter(({ kind }) => kind !== 'loopback');
  return [
    [
      [`${mode}  `],
      ...(said === null ? [] : ([['runtime says ', 'dim'], [`${said}  `]] as const)),
      ...own.flatMap(({ addresses }) => addresses.map((address): Piece => [`${address}  `, 'good'])),
    ],
    ...own.map(interfacePieces),
    ...(sharedWith.length > 0 ? [[['shared with ', 'dim'], [sharedText(sharedWith)]] satisfies Piece[]] : []),
  ];
}

const interfacePieces = ({ name, kind, state, peer }: NetworkInterface): Piece[] => [
  [`${name}  `, 'accent'],
  [`${kind ?? '--'}, ${state ?? '--'}  `],
  ...(peer ? ([['→ ', 'dim'], [peerText(peer)]] as const) : []),
];

/** What is set beside what the other lines tell of, and what holds of it: one line, or none. */
export function limitPieces(limits: readonly LimitInForce[]): Piece[][] {
  const pieces = limits.flatMap(({ file, text, effective }): Piece[] => [
    [`${file} `, 'dim'],
    [`${text}  `],
    ...(effective ? ([[`effective ${effective.text} from ${effective.from}  `, 'warning']] as const) : []),
  ]);
  return pieces.length === 0 ? [] : [pieces];
}

/** A line a device: what it carries, what binds it, and what it lies on. */
export const devicePieces = (devices: readonly DeviceIo[], path: string): Piece[][] =>
  devices.map(({ name, device, below, rates, limits }): Piece[] => [
    [`${name === device ? name : `${name} ${device}`}  `, 'accent'],
    ...DEVICE_FIGURES.flatMap(({ key, name: figure, unit }): Piece[] => [
      [`${figure} `, 'dim'],
      [`${formatValue(rates[key], unit)}/s  `],
    ]),
    ...limits.flatMap(({ key, value, from }): Piece[] => {
      const { name: figure = '', unit = 'count' } = DEVICE_FIGURES.find((one) => one.key === key) ?? {};
      return [
        [`most ${figure} `, 'dim'],
        [`${formatValue(value, unit)}/s${from === path ? ', its own' : ` from ${from}`}  `, 'warning'],
      ];
    }),
    ...(below.length > 0 ? ([['on ', 'dim'], [`${below.join(', ')}: counted there, once`]] as const) : []),
  ]);
