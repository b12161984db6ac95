/** Two lines over everything: the host, its pressure, and what tstop itself costs. */
import { formatValue } from '../metrics/format.ts';
import { RESOURCES } from '../metrics/host.ts';
import type { Frame } from '../metrics/source.ts';
import type { State } from './state.ts';
import { type Line, type Piece, shareStyle } from './style.ts';

const BAR_CELLS = 12;

export function headerView(frame: Frame, shown: number, state: State, width: number): Line[] {
  const { host, usage, cost } = frame;
  const { snapshot } = usage;
  const { memoryTotal, memoryAvailable, cpus, load, own } = snapshot.host;
  const used = memoryTotal - memoryAvailable;
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
  const second: Piece[] = [
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
    [`${shown}${state.paused ? ' held' : ''} rows  `, state.paused ? 'warning' : 'plain'],
    ['tstop ', 'dim'],
    [`${percent(host.ownCpuPercent)} ${bytes(own.rss)} ${cost.milliseconds.toFixed(0)} ms`],
    ...(wide ? ([[` ${cost.reads} reads ${cost.descriptors} fds`, 'dim']] as const) : []),
  ];
  return [first, second];
}

function bar(percent: number): Piece[] {
  const filled = Number.isNaN(percent) ? 0 : Math.round((Math.min(100, percent) / 100) * BAR_CELLS);
  return [['['], ['|'.repeat(filled), shareStyle(percent)], [' '.repeat(BAR_CELLS - filled)], ['] ']];
}
