/** A Frame of many machines: what a store has of their workloads, in the form in which this machine's own are shown. */
import { knownVerdicts } from '../diagnosis/fields.ts';
import { isRuntime, isWorkloadKind, type Workload } from '../inventory/workload.ts';
import { ancestorsOf } from '../kernel/cgroup-path.ts';
import type { EffectiveLimit } from '../metrics/effective.ts';
import type { HostSnapshot } from '../metrics/host.ts';
import type { LimitKind } from '../metrics/reading.ts';
import { emptyColumns, NOT_TOLD, type Snapshot } from '../metrics/snapshot.ts';
import type { Frame } from '../metrics/source.ts';
import type { Usage } from '../metrics/usage.ts';
import { STORED } from './queries.ts';
import type { FleetMachine, FleetRow, FleetTable } from './table.ts';

/** What a Frame of many machines is of. */
export interface Fleet {
  /** The store that told, without user and password. */
  readonly address: string;
  readonly machines: readonly FleetMachine[];
  /** The series of each row. */
  readonly rows: readonly FleetRow[];
  /** Rows beyond the most that are shown. */
  readonly leftOut: number;
}

export interface FleetFrame extends Frame {
  readonly fleet: Fleet;
}

const isOfFleet = (frame: Frame): frame is FleetFrame => 'fleet' in frame;

/** What a Frame of many machines is of; undefined for one of a single machine. */
export const fleetIn = (frame: Frame | undefined): Fleet | undefined =>
  frame && isOfFleet(frame) ? frame.fleet : undefined;

/** A number that stays the same for a row as long as it is asked for. */
export type IdentityOf = (row: FleetRow) => number;

export interface FleetFrameOptions {
  readonly address: string;
  readonly identityOf: IdentityOf;
  /** What asking took. */
  readonly milliseconds: number;
  /** Percent of a CPU that this program took since the Frame before. */
  readonly ownCpuPercent: number;
  readonly own: HostSnapshot['own'];
}

export function fleetFrame(table: FleetTable, options: FleetFrameOptions): FleetFrame {
  const { address, identityOf, milliseconds, ownCpuPercent, own } = options;
  const { machines, rows, leftOut } = table;
  const workloads = rows.map((row) => workloadOf(row, machines[row.machine]?.name ?? '', identityOf(row)));
  return {
    usage: usageOfTable(table, snapshotOfTable(table, workloads, own)),
    host: { cpuPercent: Number.NaN, pressurePercent: UNKNOWN_PRESSURE, ownCpuPercent },
    workloads,
    cost: { milliseconds, reads: table.series, descriptors: 0, missed: 0 },
    fleet: { address, machines, rows, leftOut },
  };
}

const UNKNOWN_SHARES = { some: Number.NaN, full: Number.NaN };
const UNKNOWN_PRESSURE = { cpu: UNKNOWN_SHARES, memory: UNKNOWN_SHARES, io: UNKNOWN_SHARES };

function workloadOf({ id, labels }: FleetRow, host: string, inode: number): Workload {
  // Where labels of the target have the same name, Prometheus calls those of the series so.
  const label = (name: string): string | undefined => labels[`exported_${name}`] ?? labels[name];
  const [kind, runtime, project] = [label('kind'), label('runtime'), label('compose_project')];
  // Anything else has none: with honor_labels it keeps those of the target, which is the pod of the exporter itself.
  const isOfPod = kind === 'pod' || kind === 'container';
  const optional = {
    namespace: isOfPod ? label('namespace') : undefined,
    pod: isOfPod ? label('pod') : undefined,
    image: label('image'),
    id: label('container_id'),
    runtime: isRuntime(runtime) ? runtime : undefined,
    labels: project === undefined ? undefined : { 'com.docker.compose.project': project },
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

/** The kinds of limit, by the metrics that tell of them. */
const LIMIT_IDS: Record<LimitKind, { readonly limit: string; readonly headroom: string }> = {
  cpu: { limit: 'cpu_limit_cpus', headroom: 'cpu_headroom_cpus' },
  memory: { limit: 'memory_limit_bytes', headroom: 'memory_headroom_bytes' },
  swap: { limit: 'memory_swap_limit_bytes', headroom: 'memory_swap_headroom_bytes' },
  pids: { limit: 'pids_limit', headroom: 'pids_headroom' },
};

function usageOfTable({ figures, causes, losses, rows }: FleetTable, snapshot: Snapshot): Usage {
  const unknown = new Float64Array(rows.length).fill(Number.NaN);
  const column = (id: string): Float64Array => figures.get(id) ?? unknown;
  /** Which row sets it is not told. */
  const binding = (id: string): EffectiveLimit => ({ values: column(id), rows: new Int32Array(rows.length).fill(-1) });
  const usage: Usage = {
    snapshot,
    before: undefined,
    seconds: Number.NaN,
    column,
    value: (id, row) => column(id)[row] ?? Number.NaN,
    limit: (kind) => binding(LIMIT_IDS[kind].limit),
    headroom: (kind) => ({ ...binding(LIMIT_IDS[kind].headroom), shares: unknown }),
  };
  knownVerdicts(usage, { causes, losses });
  return usage;
}

/** Of the raw counters those of events are known: the log of events compares them. */
function snapshotOfTable(
  { machines, figures }: FleetTable,
  workloads: readonly Workload[],
  own: HostSnapshot['own'],
): Snapshot {
  const wall = machines.reduce((latest, { time }) => Math.max(latest, time), 0);
  const columns = emptyColumns(workloads.length);
  for (const { id, counter } of STORED) {
    const values = counter === undefined ? undefined : figures.get(id);
    if (values && counter !== undefined) columns.values.set(values, counter * workloads.length);
  }
  return {
    wall,
    monotonic: wall - performance.timeOrigin,
    host: { ...UNKNOWN_HOST, own },
    rows: workloads,
    parents: parentsOf(workloads),
    ...columns,
    errors: columns.errors.fill(NOT_TOLD),
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

/** The nearest ancestor on the same machine that is exported. */
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
