/** Two lines over everything: the host, its pressure, and what tstop itself costs. */
import { counted } from '../kernel/text.ts';
import { formatValue } from '../metrics/format.ts';
import { RESOURCES } from '../metrics/host.ts';
import type { Frame } from '../metrics/source.ts';
import { CPU_SCALES } from './columns.ts';
import { clock } from './held.ts';
import type { Shown } from './rows.ts';
import type { Followed, State } from './state.ts';
import { type Line, type Piece, shareStyle } from './style.ts';

const BAR_CELLS = 12;

export interface HeaderInput {
  readonly frame: Frame;
  readonly shown: Shown;
  readonly state: State;
  /** Of the screen. */
  readonly title: string;
  /** Seconds between the Frame that is held and the newest. */
  readonly age: number;
}

export function headerView({ frame, shown, state, title, age }: HeaderInput, width: number): Line[] {
  const { host, usage, cost, hidden = 0 } = frame;
  const { snapshot } = usage;
  const { memoryTotal, memoryAvailable, cpus, load, own } = snapshot.host;
  // Where lxcfs stands in for /proc/meminfo, more can be available than there is.
  const used = Math.max(0, memoryTotal - memoryAvailable);
  const usedPercent = (used / memoryTotal) * 100;
  const narrow = width < 70;
  const wide = width >= 110;
  const bytes = (value: number): string => formatValue(value, 'bytes');
  const percent = (value: number): string => `${formatValue(value, 'percent')}%`;
  const first: Piece[] = [
    ['CPU ', 'dim'],
    ...(narrow ? [] : bar(host.cpuPercent)),
    [`${percent(host.cpuPercent)}`, shareStyle(host.cpuPercent)],
    [narrow ? '  ' : ` of ${cpus}  `, 'dim'],
    ['MEM ', 'dim'],
    ...(narrow ? [] : bar(usedPercent)),
    [`${bytes(used)}/${bytes(memoryTotal)}`, shareStyle(usedPercent)],
    ['  load ', 'dim'],
    [load.map((value) => formatValue(value, 'cpus')).join(' ')],
  ];
  // What is not as one would think has room on any screen.
  const odd: Piece[] = [
    ...(state.paused
      ? ([[`held ${clock(snapshot.wall)}${age >= 1 ? `, ${age.toFixed(0)} s back` : ''}  `, 'warning']] as const)
      : []),
    ...(state.follow ? ([[`following${awayText(frame, state, state.follow)}  `, 'warning']] as const) : []),
    ...(hidden > 0 ? ([[`${hidden} with an unreadable name  `, 'warning']] as const) : []),
  ];
  const second: Piece[] = [
    ...(narrow ? odd : []),
    ['PSI ', 'dim'],
    ...RESOURCES.flatMap((resource): Piece[] => {
      const { some, full } = host.pressurePercent[resource];
      const label = resource === 'memory' ? 'mem' : resource;
      // The machine's own `full` of cpu is defined as 0.
      const text =
        narrow || resource === 'cpu'
          ? formatValue(some, 'percent')
          : `${formatValue(some, 'percent')}/${formatValue(full, 'percent')}`;
      return [
        [`${label} `, 'dim'],
        [`${text}  `, some >= 10 ? 'warning' : 'plain'],
      ];
    }),
    ...(narrow ? [] : odd),
    ...(wide && title !== '' ? ([[`${title}  `, 'title']] as const) : []),
    [`${counted(shown.rows.length, 'row')}  `],
    ...(shown.empty > 0 ? ([[`${shown.empty} empty hidden  `, 'dim']] as const) : []),
    ...(state.scales.cpu > 0 && wide ? ([[`${CPU_SCALES[state.scales.cpu]?.name ?? ''}  `, 'warning']] as const) : []),
    ['tstop ', 'dim'],
    [`${percent(host.ownCpuPercent)} ${bytes(own.rss)} ${cost.milliseconds.toFixed(0)} ms`],
    ...(wide ? ([[` ${cost.reads} reads ${cost.descriptors} fds`, 'dim']] as const) : []),
  ];
  return [first, second];
}

/** Whom one follows is said where it is not the selected row. */
function awayText({ workloads }: Frame, { selected }: State, { key, path, name }: Followed): string {
  if (selected === key) return '';
  const isThere = path !== undefined && workloads.some((workload) => workload.path === path);
  return ` ${name} (${isThere ? 'not in the table' : 'gone'})`;
}

function bar(percent: number): Piece[] {
  const filled = Number.isNaN(percent) ? 0 : Math.round((Math.max(0, Math.min(100, percent)) / 100) * BAR_CELLS);
  return [['['], ['|'.repeat(filled), shareStyle(percent)], [' '.repeat(BAR_CELLS - filled)], ['] ']];
}
