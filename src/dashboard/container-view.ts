/**
 * Everything about one row, in the whole window: who it is, limits and where they bind, memory, io by device, events,
 * pressure, network; the process tree follows below.
 */

import { composeProjectOf, composeServiceOf, type Workload } from '../inventory/workload.ts';
import { metric } from '../metrics/catalogue.ts';
import { column } from '../metrics/files.ts';
import { formatValue } from '../metrics/format.ts';
import { RESOURCES } from '../metrics/host.ts';
import { valueAt } from '../metrics/snapshot.ts';
import type { Frame } from '../metrics/source.ts';
import { padEnd, padStart } from '../text/cells.ts';
import { localTime } from '../text/local-time.ts';
import { devicePieces, limitPieces, networkPieces } from './container-inside.ts';
import { bindingText } from './explain-view.ts';
import type { Inside } from './inside.ts';
import { type Line, type Piece, shareStyle, waitStyle } from './style.ts';

const LABEL_CELLS = 9;

const NETWORK_FIGURES = ['bytes', 'packets', 'drops', 'errors'];

export function containerView(frame: Frame, row: number, workload: Workload, inside: Inside): Line[] {
  const { usage } = frame;
  const isHere = workload.host === undefined;
  const shown = (id: string): string => formatValue(usage.value(id, row), metric(id).unit);
  const raw = (ref: string): number => valueAt(usage.snapshot, column(ref), row);
  const labelled = (label: string, ...pieces: readonly Piece[]): Line => [
    [padEnd(label, LABEL_CELLS), 'accent'],
    ...pieces,
  ];
  const named = (name: string, text: string): Piece[] => [[`${name} `, 'dim'], [`${text}  `]];
  const share = (id: string): Piece => [
    `${shown(id)}${Number.isNaN(usage.value(id, row)) ? '' : ' %'}  `,
    shareStyle(usage.value(id, row)),
  ];
  const state = usage.value('frozen', row) === 1 ? [['FROZEN  ', 'warning'] as const] : [];
  const events = [
    { name: 'oom kills', value: usage.value('memory_oom_kills', row) },
    { name: 'at memory.high', value: usage.value('memory_high_events', row) },
    { name: 'at memory.max', value: usage.value('memory_max_events', row) },
    { name: 'at pids.max', value: raw('pids.events:max') },
  ];
  return [
    [[`${workload.name}  `, 'title'], ...state, ...identityPieces(workload)],
    ...factLines('Runtime', runtimeFacts(workload), labelled),
    labelled(
      'CPU',
      [`${shown('cpu_percent')} %  `],
      ...named('user', shown('cpu_user_percent')),
      ...named('system', shown('cpu_system_percent')),
      ...named('limit', bindingText(frame, row, 'cpu')),
      ...named('weight', shown('cpu_weight')),
      ['of limit ', 'dim'],
      share('cpu_of_limit_percent'),
      ['throttled ', 'dim'],
      [`${shown('cpu_throttled_percent')} % of periods`, waitStyle(usage.value('cpu_throttled_percent', row))],
    ),
    labelled(
      'Memory',
      [`${shown('memory_bytes')}  `],
      ...named('limit', bindingText(frame, row, 'memory')),
      ['of limit ', 'dim'],
      share('memory_of_limit_percent'),
      ...named('high', formatValue(raw('memory.high:value'), 'bytes')),
      ...named('peak', shown('memory_peak_bytes')),
    ),
    labelled(
      '',
      ...['current', 'anon', 'file', 'shmem', 'kernel', 'swap'].flatMap((part) =>
        named(part, shown(`memory_${part}_bytes`)),
      ),
      ...named('swap limit', bindingText(frame, row, 'swap')),
    ),
    labelled('Tasks', [`${shown('pids')}  `], ...named('limit', bindingText(frame, row, 'pids'))),
    labelled(
      'IO',
      ...named('read', `${shown('io_read_bytes_per_second')}/s`),
      ...named('write', `${shown('io_write_bytes_per_second')}/s`),
      ...named('reads', `${shown('io_read_ops_per_second')}/s`),
      ...named('writes', `${shown('io_write_ops_per_second')}/s`),
    ),
    ...devicePieces(inside.devices?.list ?? [], workload.path).map((pieces) => labelled('', ...pieces)),
    ...limitPieces(inside.limits ?? []).map((pieces) => labelled('Limits', ...pieces)),
    labelled(
      'Events',
      ...events.flatMap(({ name, value }): Piece[] => [
        [`${name} `, 'dim'],
        [`${formatValue(value, 'count')}  `, value > 0 ? 'warning' : 'plain'],
      ]),
    ),
    ...pressureLines(frame, row, workload),
    // The network of another machine is told in figures alone.
    ...(isHere ? networkPieces(inside.network, workload.details) : []).map((pieces, index) =>
      labelled(index === 0 ? 'Network' : '', ...pieces),
    ),
    labelled(
      isHere ? '' : 'Network',
      ...NETWORK_FIGURES.flatMap((figure) => [
        ...named(`${figure} rx`, `${shown(`net_rx_${figure}_per_second`)}/s`),
        ...named('tx', `${shown(`net_tx_${figure}_per_second`)}/s`),
      ]),
    ),
    // Last, as it is long and of no use in a hurry.
    ...factLines('Inside', storageFacts(workload), labelled),
  ];
}

const identityPieces = ({ kind, runtime, image, details, path, inode, host }: Workload): Piece[] => [
  [`${[runtime, kind].filter(Boolean).join(' ')}  `],
  ...((image ?? details?.image) ? ([[`${image ?? details?.image}  `, 'accent']] as const) : []),
  [host === undefined ? `${path}  inode ${inode}` : `${host}  ${path}`, 'dim'],
];

type Facts = readonly (readonly [name: string, value: string | number | undefined])[];

/** What the runtime's API tells. */
function runtimeFacts(workload: Workload): Facts {
  const { details, pod, namespace, initPid } = workload;
  return [
    ['state', details?.state],
    ['health', details?.health],
    ['restarts', details?.restartCount],
    ['pod', pod ?? details?.pod],
    ['namespace', namespace ?? details?.namespace],
    ['project', composeProjectOf(workload)],
    ['service', composeServiceOf(workload)],
    ['init pid', initPid ?? details?.initPid],
    ['created', details?.created === undefined ? undefined : localTime(details.created)],
  ];
}

const storageFacts = ({ details }: Workload): Facts => [
  ['storage', details?.storageDriver],
  ['layers', details?.lowerDirs?.length],
  ['rootfs', details?.rootfs],
  ['upper', details?.upperDir],
];

/** A line of the facts that are known; no line where none is. */
function factLines(
  label: string,
  facts: Facts,
  labelled: (label: string, ...pieces: readonly Piece[]) => Line,
): Line[] {
  const pieces = facts.flatMap(([name, value]): Piece[] =>
    value === undefined || value === '' ? [] : [[`${name} `, 'dim'], [`${value}  `]],
  );
  return pieces.length === 0 ? [] : [labelled(label, ...pieces)];
}

/** Share of time with a task waiting: now, and the kernel's averages, which another machine does not export. */
function pressureLines({ usage }: Frame, row: number, { host }: Workload): Line[] {
  const windows = ['', '_avg10', '_avg60', '_avg300'].slice(0, host === undefined ? undefined : 1);
  const cell = (id: string): Piece => {
    const value = usage.value(id, row);
    return [padStart(formatValue(value, 'percent'), 8), waitStyle(value)];
  };
  const head: Line = [
    [padEnd('Pressure', LABEL_CELLS), 'accent'],
    ...['', 'now', '10 s', '60 s', '300 s']
      .slice(0, 1 + windows.length)
      .map((text): Piece => [padStart(text, 8), 'dim']),
  ];
  return [
    head,
    ...RESOURCES.flatMap((resource) =>
      (['some', 'full'] as const).map(
        (kind): Line => [
          [padEnd('', LABEL_CELLS)],
          [padStart(kind === 'some' ? resource : 'full', 8), 'dim'],
          ...windows.map((window) => cell(`psi_${resource}_${kind}${window}_percent`)),
        ],
      ),
    ),
  ];
}
