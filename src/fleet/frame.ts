/** A Frame of many machines: what a store has of their workloads, in the form in which this machine's own are shown. */

import { knownVerdicts } from '../diagnosis/fields.ts';
import { RENAMED } from '../export/labels.ts';
import { COMPOSE_LABELS, isRuntime, isWorkloadKind, type Workload } from '../inventory/workload.ts';
import { ancestorsOf } from '../kernel/cgroup-path.ts';
import { METRICS, metric } from '../metrics/catalogue.ts';
import type { EffectiveLimit } from '../metrics/effective.ts';
import { column, FILE_OF_COLUMN } from '../metrics/files.ts';
import type { HostSnapshot } from '../metrics/host.ts';
import { unknownRows } from '../metrics/moved-rows.ts';
import type { LimitKind } from '../metrics/reading.ts';
import { IMPOSSIBLE, NOT_TOLD, type Snapshot, unknownFigures } from '../metrics/snapshot.ts';
import type { Frame } from '../metrics/source.ts';
import type { Usage } from '../metrics/usage.ts';
import { STORED } from './queries.ts';
import type { FleetMachine, FleetRow, FleetTable } from './table.ts';

/** The machines and rows of such a Frame, and the store that told them. */
export interface Fleet {
  /** Of the store, without user and password. */
  readonly address: string;
  readonly machines: readonly FleetMachine[];
  /** What the store has of each row, in the order of the Frame. */
  readonly rows: readonly FleetRow[];
  /** Rows beyond the most that are shown. */
  readonly leftOut: number;
  /** Why machines and rows may be missing: a part of the store did not answer. Undefined where all did. */
  readonly partial: string | undefined;
  /** Milliseconds by which the clock of the store is ahead of ours. */
  readonly ahead: number;
}

export interface FleetFrame extends Frame {
  readonly fleet: Fleet;
}

const isOfFleet = (frame: Frame): frame is FleetFrame => 'fleet' in frame;

/** The machines and rows of a Frame of many machines; undefined for a Frame of a single one. */
export const fleetIn = (frame: Frame | undefined): Fleet | undefined =>
  frame && isOfFleet(frame) ? frame.fleet : undefined;

/** A number that stays the same for a row as long as it is asked for. */
export type IdentityOf = (row: FleetRow) => number;

export interface FleetFrameOptions {
  readonly address: string;
  readonly identityOf: IdentityOf;
  /** What it took to ask the store. */
  readonly milliseconds: number;
  /** Percent of a CPU that this program took since the Frame before. */
  readonly ownCpuPercent: number;
  readonly own: HostSnapshot['own'];
}

export function fleetFrame(table: FleetTable, options: FleetFrameOptions): FleetFrame {
  const { address, identityOf, milliseconds, ownCpuPercent, own } = options;
  const { machines, rows, leftOut, partial, ahead = 0 } = table;
  const renamed = renamedIn(rows);
  const workloads = rows.map((row) => {
    const isRenamed = (label: string): boolean => renamed.has(`${row.machine} ${label}`);
    return workloadOf(row, machines[row.machine]?.name ?? '', identityOf(row), isRenamed);
  });
  return {
    usage: usageOfTable(table, snapshotOfTable(table, workloads, own)),
    host: { cpuPercent: Number.NaN, pressurePercent: UNKNOWN_PRESSURE, ownCpuPercent },
    workloads,
    cost: { milliseconds, reads: table.series, descriptors: 0, missed: 0 },
    fleet: { address, machines, rows, leftOut, partial, ahead },
  };
}

const UNKNOWN_SHARES = { some: Number.NaN, full: Number.NaN };
const UNKNOWN_PRESSURE = { cpu: UNKNOWN_SHARES, memory: UNKNOWN_SHARES, io: UNKNOWN_SHARES };

/** `MACHINE LABEL` of the labels that rows of a machine have under such a name. */
const renamedIn = (rows: readonly FleetRow[]): ReadonlySet<string> =>
  new Set(
    rows.flatMap(({ machine, labels }) =>
      Object.keys(labels)
        .filter((name) => name.startsWith(RENAMED))
        .map((name) => `${machine} ${name.slice(RENAMED.length)}`),
    ),
  );

function workloadOf(
  { id, labels }: FleetRow,
  host: string,
  inode: number,
  isRenamed: (label: string) => boolean,
): Workload {
  // Where one row has it under that name, the label of the target stands under its own in all of them: the pod of the exporter.
  const label = (name: string): string | undefined => labels[isRenamed(name) ? `${RENAMED}${name}` : name] || undefined;
  const [kind, runtime] = [label('kind'), label('runtime')];
  const compose = (['project', 'service'] as const).flatMap((part) => {
    const text = label(`compose_${part}`);
    return text === undefined ? [] : [[COMPOSE_LABELS[part], text] as const];
  });
  // With honor_labels a series that has no such label keeps that of the target.
  const isOfPod = kind === 'pod' || kind === 'container';
  const optional = {
    namespace: isOfPod ? label('namespace') : undefined,
    pod: isOfPod ? label('pod') : undefined,
    image: label('image'),
    id: label('container_id'),
    runtime: isRuntime(runtime) ? runtime : undefined,
    labels: compose.length === 0 ? undefined : Object.fromEntries(compose),
  };
  return {
    path: id,
    inode,
    name: label('name') ?? id,
    kind: isWorkloadKind(kind) ? kind : 'cgroup',
    host,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

/** The metric that is this limit, or the room that it leaves. */
const idOf = (kind: LimitKind, tells: 'value' | 'room'): string =>
  METRICS.find(({ isLimit, limit }) => isLimit && limit?.kind === kind && limit.tells === tells)?.id ?? '';

function usageOfTable({ figures, causes, losses, rows }: FleetTable, snapshot: Snapshot): Usage {
  const unknown = unknownRows(rows.length);
  const column = (id: string): Float64Array => figures.get(id) ?? unknown;
  /** Without the rows that set the limits: a store does not know them. */
  const binding = (id: string): EffectiveLimit => ({ values: column(id), rows: new Int32Array(rows.length).fill(-1) });
  const usage: Usage = {
    snapshot,
    before: undefined,
    seconds: Number.NaN,
    column,
    value: (id, row) => column(id)[row] ?? Number.NaN,
    limit: (kind) => binding(idOf(kind, 'value')),
    headroom: (kind) => ({ ...binding(idOf(kind, 'room')), shares: unknown }),
  };
  knownVerdicts(usage, { causes, losses });
  return usage;
}

/** Its only counters are those of events, which the log of events compares; a store gives no others as they are. */
function snapshotOfTable(
  { machines, figures, impossible }: FleetTable,
  workloads: readonly Workload[],
  own: HostSnapshot['own'],
): Snapshot {
  const wall = machines.reduce((latest, { time }) => Math.max(latest, time), 0);
  const { values, errors, times } = unknownFigures(workloads.length);
  for (const { id, eventColumn } of STORED) {
    const told = figures.get(id);
    if (told && eventColumn !== undefined) values[eventColumn]?.set(told);
  }
  for (const codes of errors) codes.fill(NOT_TOLD);
  for (const [id, isSo] of impossible) {
    // The file that names the reason why the metric is unavailable.
    const [source = ''] = metric(id).sources;
    const codes = errors[FILE_OF_COLUMN[column(source)] ?? -1];
    isSo.forEach((is, row) => {
      if (is && codes) codes[row] = IMPOSSIBLE;
    });
  }
  return {
    wall,
    monotonic: wall - performance.timeOrigin,
    host: { ...UNKNOWN_HOST, own },
    rows: workloads,
    parents: parentsOf(workloads),
    ...{ values, times, errors },
  };
}

const UNKNOWN_HOST = {
  cpus: Number.NaN,
  cpuSet: '',
  cpuBusyTicks: Number.NaN,
  cpuTotalTicks: Number.NaN,
  memoryTotal: Number.NaN,
  memoryAvailable: Number.NaN,
  swapTotal: Number.NaN,
  swapFree: Number.NaN,
  oomKills: Number.NaN,
  load: [Number.NaN, Number.NaN, Number.NaN],
  pressure: { cpu: {}, memory: {}, io: {} },
  time: Number.NaN,
} as const;

/** Of each row, the row of its nearest ancestor on the same machine that is exported; -1 where there is none. */
function parentsOf(workloads: readonly Workload[]): Int32Array {
  const addressOf = (host: string | undefined, path: string): string => `${host}\n${path}`;
  const rows = new Map(workloads.map(({ host, path }, row) => [addressOf(host, path), row]));
  return Int32Array.from(workloads, ({ host, path }) => {
    for (const up of ancestorsOf(path)) {
      const row = rows.get(addressOf(host, up));
      if (row !== undefined) return row;
    }
    return -1;
  });
}
