/** tscg get: everything about one workload: limits and what really binds, usage, pressure, events. */

import { setTimeout as sleep } from 'node:timers/promises';
import { ROW_FIELDS } from '../../diagnosis/fields.ts';
import { rowColumns, rowObject, TIME_COLUMN } from '../../export/rows.ts';
import { createNetworkInspector, type NetworkAnswer } from '../../inventory/network/inspect.ts';
import { ownerOf, runtimeOf } from '../../inventory/owner.ts';
import { composeProjectOf, composeServiceOf, type Workload } from '../../inventory/workload.ts';
import { CgroupFileError, type CgroupFiles, openCgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { parseControllers } from '../../kernel/controllers.ts';
import { interfaceFile } from '../../kernel/interface-files.ts';
import { createReadFiles } from '../../kernel/read-files.ts';
import { findLimit, LIMITS } from '../../limits/catalogue/catalogue.ts';
import type { Limit } from '../../limits/model.ts';
import { metric } from '../../metrics/catalogue.ts';
import { SNAPSHOT_FILES } from '../../metrics/files.ts';
import { formatValue, jsonValue } from '../../metrics/format.ts';
import { fileReason, reasonFor } from '../../metrics/reason.ts';
import { type Frame, openLiveSource } from '../../metrics/source.ts';
import { fileText } from '../../recording/recorded-files.ts';
import { terminalSafe } from '../../text/cells.ts';
import { jsonText } from '../../text/clean.ts';
import { type GlobalOptions, openHierarchy, PROC, workloadNamed } from '../context.ts';
import { networkLines } from '../network-text.ts';
import { secondsOption } from '../options.ts';
import { printLine } from '../output.ts';
import { oneLine } from '../plan-text.ts';
import { isOfPast, type PastOptions } from '../shared-options.ts';

export interface GetOptions extends PastOptions {
  json?: boolean;
  delay: string;
}

/** The longest name of a limit's file or of a fact. */
const LABEL_CELLS = Math.max(16, ...LIMITS.map(({ file }) => file.length));

interface LimitLine {
  readonly file: string;
  /** Text of the file; null where it cannot be read. */
  readonly value: string | null;
  readonly meaning: string;
  /** The smallest over the ancestors; undefined where the file binds by itself. */
  readonly effective?: number;
  /** Path whose file it is; undefined where nothing limits it. */
  readonly from?: string;
  /** How much more may be used before a limit is reached, its own or one around it; NaN where that is unknown. */
  readonly headroom?: number;
  /** Path of the cgroup that leaves no more; undefined where nothing limits it. */
  readonly headroomFrom?: string;
}

/** What is printed of one workload. */
interface Told {
  readonly workload: Workload;
  readonly row: number;
  readonly frame: Frame;
  readonly limits: readonly LimitLine[];
  /** Absent of a recorded moment. */
  readonly network?: NetworkAnswer;
  /** What no recording has; absent of now. */
  readonly notRecorded?: readonly string[];
}

export async function get(name: string, options: GetOptions, global: GlobalOptions): Promise<void> {
  const told = isOfPast(options) ? await toldThen(name, options) : await toldNow(name, options, global);
  printLine(options.json ? json(told) : text(told));
}

async function toldNow(name: string, options: GetOptions, global: GlobalOptions): Promise<Told> {
  const delay = secondsOption('--delay', options.delay);
  const hierarchy = openHierarchy(global);
  const { mount, root } = hierarchy;
  const source = openLiveSource({ hierarchy, watch: false });
  try {
    await source.next();
    await sleep(delay * 1000);
    const frame = await source.next();
    const workload = await workloadNamed(frame.workloads, name, hierarchy);
    const row = frame.workloads.indexOf(workload);
    const limits = limitLines(workload.path, openCgroupFiles(mount), frame, row);
    const { inspect } = createNetworkInspector({ mount, root, proc: PROC, readFiles: createReadFiles() });
    return { workload, row, frame, limits, network: await inspect(workload, frame.workloads) };
  } finally {
    source.close();
  }
}

async function toldThen(name: string, options: GetOptions): Promise<Told> {
  const { pastWorkload, readPast } = await import('../past.ts');
  return readPast(options, (frame) => {
    const workload = pastWorkload(frame, name, options);
    const row = frame.workloads.indexOf(workload);
    const isRecorded = ({ file }: Limit): boolean => SNAPSHOT_FILES.some((recorded) => recorded.file === file);
    const limits = LIMITS.filter(isRecorded).map((limit) => recordedLine(limit, frame, row));
    const others = LIMITS.filter((limit) => !isRecorded(limit)).map(({ file }) => file);
    return { workload, row, frame, limits, notRecorded: [...others, 'the network beside its counters'] };
  });
}

/** The short form of what `tscg set` says; where a controller stops is told by tscg controllers. */
function whyNone(path: string, { file, controller }: Limit, here: readonly string[]): string {
  const { root } = interfaceFile(file) ?? {};
  if (path === '/' && root === 'no') return 'the root cgroup has none';
  if (path !== '/' && root === 'only') return 'of the whole machine: in the root cgroup';
  return here.includes(controller) ? 'not in this kernel' : `no ${controller} controller here`;
}

function limitLines(path: string, files: CgroupFiles, { usage }: Frame, row: number): LimitLine[] {
  const here = parseControllers(textIfThere(files, path, 'cgroup.controllers') ?? '');
  return LIMITS.map((limit) => {
    const { file, describe, binds } = limit;
    const binding = bindingOf(binds, usage, row);
    try {
      const value = files.read(path, file).trim();
      return { file, value, meaning: describe(value), ...binding };
    } catch (error) {
      if (!(error instanceof CgroupFileError)) throw error;
      return {
        file,
        value: null,
        meaning: error.code === 'ENOENT' ? whyNone(path, limit, here) : error.code,
        ...binding,
      };
    }
  });
}

function recordedLine({ file, describe, binds }: Limit, { usage }: Frame, row: number): LimitLine {
  const value = fileText(usage.snapshot, row, file) ?? null;
  const meaning = value === null ? (fileReason(file, usage, row) ?? 'not recorded') : describe(value);
  return { file, value, meaning, ...bindingOf(binds, usage, row) };
}

function bindingOf(binds: Limit['binds'], usage: Frame['usage'], row: number): Partial<LimitLine> {
  if (binds?.by !== 'smallest' || !binds.metric) return {};
  const { kind, id } = binds.metric;
  const pathOf = (of: number | undefined): string | undefined => usage.snapshot.rows[of ?? -1]?.path;
  const { values, rows } = usage.headroom(kind);
  const [from, headroomFrom] = [pathOf(usage.limit(kind).rows[row]), pathOf(rows[row])];
  return {
    effective: usage.value(id, row),
    ...(from ? { from } : {}),
    headroom: values[row] ?? Number.NaN,
    ...(headroomFrom ? { headroomFrom } : {}),
  };
}

/** The row that `tscg ls --json` has, and what else is known. */
function json({ workload, limits, frame, row, network, notRecorded }: Told): string {
  const { inode, id, podUid, qos, uid, labels, initPid, details, claim } = workload;
  return jsonText(
    {
      ...rowObject([...(notRecorded ? [TIME_COLUMN] : []), ...rowColumns(ROW_FIELDS)], frame, row),
      ...{ inode, id, podUid, qos, uid, labels, initPid, details, claim },
      limits: limits.map(({ effective, headroom, ...line }) => ({
        ...line,
        ...(effective === undefined ? {} : { effective: jsonValue(effective) }),
        ...(headroom === undefined ? {} : { headroom: jsonValue(headroom) }),
      })),
      network,
      unavailable: Object.fromEntries(
        ROW_FIELDS.flatMap(({ id, reason }) => {
          const text = reason(frame.usage, row);
          return text ? [[id, text]] : [];
        }),
      ),
      not_recorded: notRecorded,
    },
    2,
  );
}

function text({ workload, limits, frame: { usage }, row, network, notRecorded }: Told): string {
  const line = (label: string, value: string): string => `  ${label.padEnd(LABEL_CELLS)} ${value}`;
  const figure = (id: string): string => {
    const { label, unit } = metric(id);
    const value = usage.value(id, row);
    const reason = reasonFor(id, usage, row);
    const suffix = unit === 'percent' && !reason ? ' %' : unit.endsWith('_per_second') && !reason ? '/s' : '';
    return line(label, `${formatValue(value, unit)}${suffix}${reason ? `   ${reason}` : ''}`);
  };
  const about = Object.entries(aboutText(workload)).flatMap(([key, value]) =>
    value ? [line(key, terminalSafe(value))] : [],
  );
  return [
    terminalSafe(workload.name),
    ...about,
    'limits',
    ...limits.map((limit) =>
      line(limit.file, `${oneLine(limit.value ?? '--')}   ${notesOn(limit, workload)}`.trimEnd()),
    ),
    'usage',
    ...USAGE.map(figure),
    'pressure (share of the interval in which tasks waited)',
    ...PRESSURE.map(figure),
    'events since it was made',
    ...EVENTS.map(figure),
    ...(network ? ['network', ...networkLines(network).map(([label, value]) => line(label, terminalSafe(value)))] : []),
    ...(notRecorded ? [`not recorded: ${notRecorded.join(', ')}`] : []),
  ].join('\n');
}

/** What the text of the file means, what really binds, and how much of that is left. */
function notesOn(
  { file, value, meaning, effective, from, headroom, headroomFrom }: LimitLine,
  { path }: Workload,
): string {
  const isOther = from !== undefined && from !== path;
  const binds = isOther
    ? `effective ${effectiveText(file, effective ?? Number.NaN)}, from ${terminalSafe(from)}`
    : undefined;
  const isKnown = headroom !== undefined && Number.isFinite(headroom);
  const place = headroomFrom === undefined || headroomFrom === from ? '' : ` in ${terminalSafe(headroomFrom)}`;
  const left = isKnown ? `${effectiveText(file, headroom)} left${place}` : undefined;
  return [value === meaning ? undefined : `(${meaning})`, binds, left].filter((text) => text !== undefined).join('   ');
}

/** What it is, from its path and from its runtime; undefined for what nobody tells. */
function aboutText(workload: Workload): Record<string, string | undefined> {
  const { path, kind, id, image, pod, namespace, details, labels, claim } = workload;
  const { created, state, health, restartCount, ipAddresses } = details ?? {};
  const project = composeProjectOf(workload);
  return {
    path,
    kind: [runtimeOf(workload), kind].filter(Boolean).join(' '),
    owner: ownerOf(workload),
    claims: claim && `to be the container ${claim.name}, which is ${claim.path}`,
    id,
    description: details?.description,
    image,
    pod: pod && [namespace, pod].filter(Boolean).join('/'),
    compose: project && [project, composeServiceOf(workload)].filter(Boolean).join('/'),
    state: [state, health].filter(Boolean).join(', '),
    created: created === undefined ? undefined : new Date(created).toISOString(),
    restarts: restartCount === undefined ? undefined : String(restartCount),
    network: [details?.networkMode, ...(ipAddresses ?? [])].filter(Boolean).join(' '),
    storage: details?.storageDriver,
    rootfs: details?.rootfs,
    'upper directory': details?.upperDir,
    'init pid': workload.initPid === undefined ? undefined : String(workload.initPid),
    labels: labels && labelsText(labels),
  };
}

/** Some images carry dozens; all are in the JSON. */
const LABELS_SHOWN = 12;

function labelsText(labels: Readonly<Record<string, string>>): string {
  const all = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const more = all.length > LABELS_SHOWN ? ` and ${all.length - LABELS_SHOWN} more (--json)` : '';
  return `${all.slice(0, LABELS_SHOWN).join(', ')}${more}`;
}

const USAGE = [
  'cpu_percent',
  'cpu_of_limit_percent',
  'cpu_throttled_percent',
  'cpu_throttled_time_percent',
  'memory_bytes',
  'memory_of_limit_percent',
  'memory_current_bytes',
  'memory_anon_bytes',
  'memory_swap_bytes',
  'io_read_bytes_per_second',
  'io_write_bytes_per_second',
  'net_rx_bytes_per_second',
  'net_tx_bytes_per_second',
  'net_rx_packets_per_second',
  'net_tx_packets_per_second',
  'net_rx_drops_per_second',
  'net_tx_drops_per_second',
  'net_rx_errors_per_second',
  'net_tx_errors_per_second',
  'pids',
];
const PRESSURE = ['cpu', 'memory', 'io'].flatMap((resource) => [
  `psi_${resource}_some_percent`,
  `psi_${resource}_full_percent`,
]);
const EVENTS = ['memory_oom_kills', 'memory_high_events', 'memory_max_events', 'dying_descendants'];

/** What binds, as the row of the limit says such a value. */
function effectiveText(file: string, value: number): string {
  const binds = findLimit(file)?.binds;
  return binds?.by === 'smallest' ? binds.text(value) : String(value);
}
