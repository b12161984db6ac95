/**
 * Two lines over everything: the host and its pressure, or how many hosts and how old their figures are; and what tstop
 * itself costs.
 */

import type { Alert } from '../diagnosis/alerts/evaluate.ts';
import { type Fleet, fleetIn } from '../fleet/frame.ts';
import { placeOf } from '../inventory/workload.ts';
import { descriptorMemory } from '../metrics/descriptor-budget.ts';
import { formatValue } from '../metrics/format.ts';
import { RESOURCES } from '../metrics/host.ts';
import type { Frame } from '../metrics/source.ts';
import type { RecordedFrame } from '../recording/recording.ts';
import { recordedIn } from '../recording/replay.ts';
import { cellWidth } from '../text/cells.ts';
import { counted } from '../text/counted.ts';
import { clockTime, localTime } from '../text/local-time.ts';
import { CPU_SCALES } from './columns.ts';
import type { Shown } from './rows.ts';
import { type Followed, SPEEDS, type State } from './state.ts';
import { cellsOf, type Line, type Piece, shareStyle, waitStyle } from './style.ts';

/**
 * Cells of a bar: the longest of these for which there is room. With more lengths, the bars would change theirs with each
 * figure.
 */
const BAR_CELLS: readonly number[] = [12, 8, 4];
const BAR_FRAME = '[] ';

export interface HeaderInput {
  readonly frame: Frame;
  readonly shown: Shown;
  readonly state: State;
  /** The title of the screen. */
  readonly title: string;
  /** The alerts that fire now, whatever time is shown. */
  readonly alerts: readonly Alert[];
  /** Seconds between the Frame that is held and the newest. */
  readonly age: number;
}

export function headerView(input: HeaderInput, width: number): Line[] {
  const fleet = fleetIn(input.frame);
  const first = fleet ? fleetParts(fleet, input, width) : hostParts(input.frame, width);
  return [fitting(first, width), fitting(secondParts(input, width), width)];
}

const bytes = (value: number): string => formatValue(value, 'bytes');
const percent = (value: number): string => `${formatValue(value, 'percent')}%`;
const isNarrow = (width: number): boolean => width < 70;

/** The machine: CPU, memory, load. */
function hostParts({ host, usage }: Frame, width: number): Line[] {
  const { memoryTotal, memoryAvailable, cpus, load } = usage.snapshot.host;
  // Where lxcfs stands in for /proc/meminfo, more can be available than there is.
  const used = Math.max(0, memoryTotal - memoryAvailable);
  const usedPercent = (used / memoryTotal) * 100;
  const narrow = isNarrow(width);
  const cpu: Line = [
    [percent(host.cpuPercent), shareStyle(host.cpuPercent)],
    [narrow ? '  ' : ` of ${cpus}  `, 'dim'],
  ];
  const memory: Line = [[bytes(used), shareStyle(usedPercent)]];
  const rest: Line[] = [
    [[`/${bytes(memoryTotal)}`, shareStyle(usedPercent)]],
    ...load.map((value, index): Line => [[index === 0 ? '  load ' : ' ', 'dim'], [formatValue(value, 'cpus')]]),
  ];
  const left = width - cellsOf([CPU, ...cpu, MEMORY, ...memory, ...rest.flat()]);
  const cells = narrow ? 0 : (BAR_CELLS.find((of) => 2 * (of + BAR_FRAME.length) <= left) ?? 0);
  return [[CPU, ...bar(host.cpuPercent, cells), ...cpu], [MEMORY, ...bar(usedPercent, cells), ...memory], ...rest];
}

const CPU: Piece = ['CPU ', 'dim'];
const MEMORY: Piece = ['MEM ', 'dim'];

/** A machine whose last scrape is older than so many intervals is named: scrapes of it fail. */
const SILENT_SCRAPES = 2.5;
/** Seconds between two scrapes of a machine that had only one. */
const USUAL_SECONDS = 60;

/** How many machines there are, how old their figures are, which machines are silent, and which store told all that. */
function fleetParts(fleet: Fleet, { state }: HeaderInput, width: number): Piece[][] {
  const { machines, address, leftOut, partial, ahead } = fleet;
  // Machines and store keep one time; the clock of this machine may be wrong.
  const now = Date.now() + ahead;
  const seen = machines.filter(({ name }) => state.host === undefined || name === state.host);
  const newest = seen.reduce((most, { time }) => Math.max(most, time), 0);
  const ageOf = (time: number): number => Math.max(0, Math.round((now - time) / 1000));
  // What is held is of the past by intent.
  const silent = state.paused
    ? []
    : seen.filter(({ time, seconds }) => ageOf(time) > SILENT_SCRAPES * (seconds > 0 ? seconds : USUAL_SECONDS));
  const style = silent.length === seen.length && silent.length > 0 ? 'critical' : 'plain';
  return [
    [[state.host === undefined ? `${counted(machines.length, 'machine')}  ` : `only ${state.host}  `, 'title']],
    partial === undefined ? [] : [['some may be missing  ', 'warning']],
    [
      [`${isNarrow(width) ? '' : 'figures '}of ${clockTime(newest)}`],
      [state.paused ? '  ' : `, ${ageOf(newest)} s old  `, style],
    ],
    ...silent.map(({ name, time }): Piece[] => [[`${name} silent for ${ageOf(time)} s  `, 'warning']]),
    leftOut > 0 ? [[`${counted(leftOut, 'row')} left out  `, 'warning']] : [],
    ahead === 0 ? [] : [[`this clock is ${clockText(ahead)}  `, 'warning']],
    [[address, 'dim']],
    partial === undefined ? [] : [[`  ${partial}`, 'warning']],
  ];
}

const clockText = (ahead: number): string =>
  `${Math.abs(Math.round(ahead / 1000))} s ${ahead > 0 ? 'behind' : 'ahead'}`;

function secondParts({ frame, shown, state, title, alerts, age }: HeaderInput, width: number): Piece[][] {
  const { host, usage, cost, hidden = 0 } = frame;
  const record = recordedIn(frame);
  const { snapshot } = usage;
  const wide = width >= 110;
  return [
    // First what a user might overlook, so that it has room on any screen.
    [
      ...alertPieces(alerts),
      ...(record ? replayPieces(record, state) : []),
      ...(state.paused
        ? ([[`held ${clockTime(snapshot.wall)}${age >= 1 ? `, ${age.toFixed(0)} s back` : ''}  `, 'warning']] as const)
        : []),
      ...(state.follow ? ([[`following${awayText(frame, state, state.follow)}  `, 'warning']] as const) : []),
      ...(hidden > 0 ? ([[`${hidden} with an unreadable name  `, 'warning']] as const) : []),
    ],
    ...(fleetIn(frame) ? [] : pressureParts(frame, width)),
    wide && title !== '' ? [[`${title}  `, 'title']] : [],
    [[`${counted(shown.rows.length, 'row')}  `]],
    shown.empty > 0 ? [[`${shown.empty} empty hidden  `, 'dim']] : [],
    state.scales.cpu > 0 && wide ? [[`${CPU_SCALES[state.scales.cpu]?.name ?? ''}  `, 'warning']] : [],
    ...(record?.player ? costParts('tstop ', record.player.ownCpuPercent, record.player.own.rss) : []),
    ...costParts(
      record ? `${record.player ? '  ' : ''}recorder ` : 'tstop ',
      host.ownCpuPercent,
      snapshot.host.own.rss + descriptorMemory(cost),
    ),
    [[` ${cost.milliseconds.toFixed(0)} ms`]],
    wide ? [[fleetIn(frame) ? ` ${cost.reads} series` : ` ${cost.reads} reads ${cost.descriptors} fds`, 'dim']] : [],
  ];
}

const costParts = (program: string, cpuPercent: number, memory: number): Piece[][] => [
  [[program, 'dim'], [percent(cpuPercent)]],
  [[` ${bytes(memory)}`]],
];

const pressureParts = ({ host }: Frame, width: number): Piece[][] =>
  RESOURCES.map((resource, index): Piece[] => {
    const { some, full } = host.pressurePercent[resource];
    const label = resource === 'memory' ? 'mem' : resource;
    // The machine's own `full` of cpu is defined as 0.
    const text =
      isNarrow(width) || resource === 'cpu'
        ? formatValue(some, 'percent')
        : `${formatValue(some, 'percent')}/${formatValue(full, 'percent')}`;
    return [
      [`${index === 0 ? 'PSI ' : ''}${label} `, 'dim'],
      [`${text}  `, waitStyle(some)],
    ];
  });

/** An alert by its name; if there are several, their number: the key v lists them. */
function alertPieces([first, ...others]: readonly Alert[]): Piece[] {
  if (!first) return [];
  const { workload, rule } = first;
  const text = others.length > 0 ? `${others.length + 1} ALERTS` : `ALERT ${workload.name} ${rule.condition.figure}`;
  return [[text, 'critical'], ['  ']];
}

/** Of which time and machine the figures are, and how fast they go. */
function replayPieces({ usage, header }: RecordedFrame, { paused, speed }: State): Piece[] {
  const rate = SPEEDS[speed] === 1 || paused ? '' : ` ×${SPEEDS[speed]}`;
  const time = localTime(usage.snapshot.wall);
  return [[`recorded ${paused ? time.slice(0, 10) : time}${rate} on ${header.host.name}  `, 'warning']];
}

/** In their order as long as there is room for each as a whole, blanks at its end aside: half a figure is another figure. */
function fitting(parts: readonly (readonly Piece[])[], width: number): Line {
  const line: Piece[] = [];
  let used = 0;
  for (const part of parts) {
    const text = part.map(([piece]) => piece).join('');
    if (line.length > 0 && used + cellWidth(text.trimEnd()) > width) break;
    line.push(...part);
    used += cellWidth(text);
  }
  return line;
}

/** Whom one follows is said where it is not the selected row. */
function awayText({ workloads }: Frame, { selected }: State, { key, place, name }: Followed): string {
  if (selected === key) return '';
  const isThere = place !== undefined && workloads.some((workload) => placeOf(workload) === place);
  return ` ${name} (${isThere ? 'not in the table' : 'gone'})`;
}

function bar(percent: number, cells: number): Piece[] {
  if (cells === 0) return [];
  const filled = Number.isNaN(percent) ? 0 : Math.round((Math.max(0, Math.min(100, percent)) / 100) * cells);
  return [['['], ['|'.repeat(filled), shareStyle(percent)], [' '.repeat(cells - filled)], ['] ']];
}
