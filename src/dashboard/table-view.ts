/** The table of workloads: only the rows in the window become text. */
import type { Workload } from '../inventory/workload.ts';
import { cut, padEnd, padStart, terminalSafe } from '../kernel/text.ts';
import { type Metric, metric } from '../metrics/catalogue.ts';
import { formatValue } from '../metrics/format.ts';
import type { Frame } from '../metrics/source.ts';
import type { State } from './state.ts';
import { type Line, type Piece, type Style, shareStyle } from './style.ts';

/** In order of need: a narrow screen shows the first ones. */
const COLUMNS: readonly Metric[] = [
  'cpu_percent',
  'memory_bytes',
  'cpu_throttled_percent',
  'psi_cpu_some_percent',
  'cpu_of_limit_percent',
  'memory_limit_bytes',
  'psi_memory_some_percent',
  'psi_io_some_percent',
  'io_read_bytes_per_second',
  'io_write_bytes_per_second',
  'pids',
  'net_rx_bytes_per_second',
  'net_tx_bytes_per_second',
  'memory_of_limit_percent',
  'memory_oom_kills',
].map(metric);

/** The same in the order in which they stand on the screen. */
const SCREEN_ORDER: readonly string[] = [
  'cpu_percent',
  'cpu_of_limit_percent',
  'cpu_throttled_percent',
  'psi_cpu_some_percent',
  'psi_memory_some_percent',
  'psi_io_some_percent',
  'memory_bytes',
  'memory_limit_bytes',
  'memory_of_limit_percent',
  'io_read_bytes_per_second',
  'io_write_bytes_per_second',
  'net_rx_bytes_per_second',
  'net_tx_bytes_per_second',
  'pids',
  'memory_oom_kills',
];

const NAME_CELLS = 40;
const LEAST_NAME_CELLS = 12;
/** Below 40 columns one figure is worth more than a long name. */
const NARROW_NAME_CELLS = 8;

export interface TableColumns {
  readonly nameCells: number;
  readonly metrics: readonly Metric[];
}

/** Columns that fit the width beside a readable name. */
export function columnsFor(width: number): TableColumns {
  const least = width < 40 ? NARROW_NAME_CELLS : LEAST_NAME_CELLS;
  let left = width - least;
  const metrics: Metric[] = [];
  for (const column of COLUMNS) {
    if (column.width + 1 > left) break;
    left -= column.width + 1;
    metrics.push(column);
  }
  metrics.sort((a, b) => SCREEN_ORDER.indexOf(a.id) - SCREEN_ORDER.indexOf(b.id));
  return { nameCells: Math.min(NAME_CELLS, least + left), metrics };
}

/** Columns that can be sorted by, whether they fit or not. */
export const SORTABLE: readonly string[] = ['name', ...SCREEN_ORDER];

/** Title line, then the rows of the window. `rows` are the shown rows of the Frame in order. */
export function tableView(frame: Frame, rows: readonly number[], state: State, width: number, height: number): Line[] {
  const { nameCells, metrics } = columnsFor(width);
  const mark = (id: string, label: string): string =>
    state.sort === id ? `${state.reverse ? '▲' : '▼'}${label}` : label;
  const title: Line = [
    [padEnd(cut(mark('name', 'NAME'), nameCells), nameCells), 'title'],
    ...metrics.map(
      ({ id, label, width: cells }): Piece => [
        ` ${padStart(mark(id, label), cells)}`,
        state.sort === id ? 'accent' : 'title',
      ],
    ),
  ];
  const window = rows.slice(state.top, state.top + Math.max(0, height - 1));
  if (window.length === 0) {
    const why = state.filter
      ? `no workload matches "${state.filter}"; Esc clears the filter`
      : 'no workload here; a shows slices and inner cgroups';
    return [title, [[why, 'dim']]];
  }
  return [title, ...window.map((row) => rowLine(frame, row, nameCells, metrics, state))].slice(0, height);
}

function rowLine(frame: Frame, row: number, nameCells: number, metrics: readonly Metric[], state: State): Line {
  const workload = frame.workloads[row];
  const selected = workload !== undefined && workload.inode === state.selected;
  const name: Piece = [
    padEnd(cut(terminalSafe(titleOf(workload)), nameCells), nameCells),
    selected ? 'selected' : 'plain',
  ];
  return [
    name,
    ...metrics.map((column): Piece => {
      const value = frame.usage.value(column.id, row);
      return [` ${padStart(formatValue(value, column.unit), column.width)}`, styleOf(column.id, value)];
    }),
  ];
}

const titleOf = (workload: Workload | undefined): string => workload?.name ?? '';

/** Thresholds where a share of a limit, or stalls, call for a look; numbers carry the meaning without colour too. */
function styleOf(id: string, value: number): Style {
  if (Number.isNaN(value)) return 'dim';
  if (id.endsWith('_of_limit_percent')) return shareStyle(value);
  if (id.startsWith('psi_') || id === 'cpu_throttled_percent')
    return value >= 50 ? 'critical' : value >= 10 ? 'warning' : 'plain';
  if (id === 'memory_oom_kills') return value > 0 ? 'critical' : 'dim';
  return value === 0 ? 'dim' : 'plain';
}
