/** The explain key: where a figure comes from, the file's own words, the formula, and why there is none. */

import { type Field, VERDICT } from '../diagnosis/fields.ts';
import { seriesOf } from '../fleet/queries.ts';
import { isListed, type Workload } from '../inventory/workload.ts';
import { formatValue } from '../metrics/format.ts';
import type { Item } from '../metrics/grouping.ts';
import type { Metric } from '../metrics/metric.ts';
import type { LimitKind } from '../metrics/reading.ts';
import type { Frame } from '../metrics/source.ts';
import { isPartial, networkSharers } from '../metrics/totals.ts';
import { counted } from '../text/counted.ts';
import { clockTime } from '../text/local-time.ts';
import { CPU_SCALES, columnOf, figureOf, figureText, isHostScale, MEMORY_DEFINITIONS, type Scales } from './columns.ts';
import { onItsMachine } from './elsewhere.ts';
import type { Line } from './style.ts';

/** Raw text of interface files of one cgroup, or the error's name; by file. */
export interface RawTexts {
  readonly inode: number;
  readonly texts: ReadonlyMap<string, string>;
}

/** Interface files that a figure is made of. */
export const filesOf = ({ sources }: Pick<Metric, 'sources'>): string[] => [
  ...new Set(sources.map((source) => source.slice(0, source.lastIndexOf(':'))).filter((file) => !file.startsWith('/'))),
];

const MOST_LINES = 12;

export interface Explained {
  readonly frame: Frame;
  /** The selected row. */
  readonly item: Item | undefined;
  readonly slot: string;
  readonly scales: Scales;
  readonly raw: RawTexts | undefined;
  /** When the Frame was taken, where it is not the newest; the files are read now. */
  readonly held?: number | undefined;
}

export function explainView(explained: Explained): Line[] {
  const { frame, item, slot, scales } = explained;
  const column = columnOf(slot, scales);
  const { field: metric } = column;
  if (!item) return [[['no row selected', 'dim']]];
  const workload = frame.workloads[item.row];
  const value = figureOf(frame, item, column, scales);
  const { cpus } = frame.usage.snapshot.host;
  const isOfHost = isHostScale(column, scales);
  const isShare = metric.unit === 'percent' && slot !== VERDICT.id;
  const unit = isShare && !Number.isNaN(value) ? ' %' : '';
  return [
    [
      [`${item.name}  `, 'title'],
      [column.label, 'accent'],
      [`  ${metric.id}`, 'dim'],
      ['    ← → another column, e or Esc back', 'dim'],
    ],
    [['value       ', 'dim'], [`${figureText(frame, item, column, scales)}${unit}`, 'title'], [exact(value, metric)]],
    [
      ['definition  ', 'dim'],
      [isOfHost ? `CPU time used; 100 % is the whole host, ${counted(cpus, 'CPU')}.` : metric.help],
    ],
    [['formula     ', 'dim'], [isOfHost ? `${metric.formula} / ${counted(cpus, 'CPU')} of the host` : metric.formula]],
    ...switchLines(slot, scales),
    ...(workload
      ? ownLines(explained, item.row, workload, metric)
      : sumLines(item, value, isPartial(frame.usage, metric, item.members))),
  ];
}

const exact = (value: number, { unit }: Field): string =>
  Number.isFinite(value) && unit.startsWith('bytes') ? `   ${Math.round(value)} ${unit.replaceAll('_', ' ')}` : '';

function switchLines(slot: string, scales: Scales): Line[] {
  if (slot === 'memory_bytes') return [[['shown (m)   ', 'dim'], [MEMORY_DEFINITIONS[scales.memory]?.name ?? '']]];
  if (slot === 'cpu_percent') return [[['shown (%)   ', 'dim'], [CPU_SCALES[scales.cpu]?.name ?? '']]];
  return [];
}

const sumLines = ({ members }: Item, value: number, isSumOfSome: boolean): Line[] => [
  [['Σ           ', 'dim'], [`sum over ${members.length} rows: this group is no cgroup of its own`]],
  ...(isSumOfSome
    ? [[['at least    ', 'warning'], ['the network of some of them is not read: they are not in the window']] as const]
    : []),
  ...(Number.isNaN(value) ? [[['unavailable ', 'warning'], ['this figure does not add up over rows']] as const] : []),
];

function ownLines({ frame, raw, held }: Explained, row: number, workload: Workload, metric: Field): Line[] {
  const reason = metric.reason(frame.usage, row);
  const lines: Line[] = reason === undefined ? [] : [[['unavailable ', 'warning'], [reason]]];
  if (metric.limit) lines.push([['binds       ', 'dim'], [bindingText(frame, row, metric.limit.kind)]]);
  if (workload.host !== undefined) return [...lines, ...storedLines(workload, metric)];
  lines.push([['cgroup      ', 'dim'], [`${workload.path}  inode ${workload.inode}`]]);
  if (metric.sources.some((source) => source.startsWith('/proc/'))) {
    lines.push([['file        ', 'dim'], ['/proc/PID/net/dev of one of its processes']]);
    const sharers = networkSharers(frame.usage, row).flatMap((other) => frame.workloads[other] ?? []);
    const names = sharers.filter(isListed).map(({ name }) => name);
    if (names.length > 0) {
      const text = `${names.join(', ')} are in the same network namespace and show its figures too: a sum counts it once`;
      lines.push([
        ['shared      ', 'dim'],
        [text, 'warning'],
      ]);
    }
  }
  for (const file of filesOf(metric)) {
    const text = raw?.inode === workload.inode ? raw.texts.get(file) : undefined;
    const note: Line = held === undefined ? [] : [[`  (now, not at ${clockTime(held)})`, 'warning']];
    lines.push([], [[file, 'accent'], ...note], ...rawLines(text, file, metric));
  }
  return lines;
}

/** Where the figure of another machine's row is from: its files are read there. */
const storedLines = (workload: Workload, { id, sources }: Field): Line[] => [
  [['cgroup      ', 'dim'], [`${workload.path} on ${workload.host ?? ''}`]],
  [['series      ', 'dim'], [seriesOf(id) ?? 'none: tscg export does not serve it']],
  [
    ['files       ', 'dim'],
    [`${filesOf({ sources }).join(', ')}: ${onItsMachine(workload, ['tscg', 'get', workload.name])}`],
  ],
];

/** The whole file where it is short, else the lines of the keys; those that count are marked. */
function rawLines(text: string | undefined, file: string, { sources }: Field): Line[] {
  if (text === undefined) return [[['  reading …', 'dim']]];
  const keys = sources.filter((source) => source.startsWith(`${file}:`)).map((source) => source.slice(file.length + 1));
  const isUsed = (line: string): boolean =>
    keys.includes('value') ||
    keys.some((key) => line.startsWith(`${key} `) || line.startsWith(`${key.split('.')[0]} `));
  const all = text.split('\n').filter((line) => line !== '');
  const shown = all.length > MOST_LINES ? all.filter(isUsed) : all;
  const left = all.length - shown.length;
  return [
    ...shown.map((line): Line => [[`  ${line}`, isUsed(line) || shown.length === 1 ? 'plain' : 'dim']]),
    ...(left > 0 ? [[[`  … and ${left} other lines`, 'dim']] as const] : []),
    ...(all.length === 0 ? [[['  (empty)', 'dim']] as const] : []),
  ];
}

/**
 * `4.00 CPUs from /a/b, 0.20 left`, `80.0MiB, its own, 3.00MiB left in /a/b` or `nothing limits it`; of another machine
 * without the place.
 */
export function bindingText(frame: Frame, row: number, kind: LimitKind): string {
  const { usage, workloads } = frame;
  const { values, rows } = usage.limit(kind);
  const value = values[row] ?? Number.NaN;
  const from = workloads[rows[row] ?? -1];
  const headroom = usage.headroom(kind);
  const left = headroom.values[row] ?? Number.NaN;
  const unit = kind === 'cpu' ? 'cpus' : kind === 'pids' ? 'count' : 'bytes';
  const limit = `${formatValue(value, unit)}${kind === 'cpu' ? ' CPUs' : ''}`;
  const room = Number.isNaN(left) ? '' : `, ${formatValue(left, unit)} left`;
  if (!from && Number.isFinite(value)) return `${limit}${room}`;
  if (!from) return Number.isNaN(value) ? 'unknown here' : 'nothing limits it';
  const origin = rows[row] === row ? `${limit}, its own` : `${limit} from ${from.path}`;
  if (Number.isNaN(left)) return origin;
  const at = headroom.rows[row] ?? -1;
  const place = at === rows[row] ? '' : at === row ? ' of its own' : ` in ${workloads[at]?.path}`;
  return `${origin}${room}${place}`;
}
