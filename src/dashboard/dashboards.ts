/**
 * Screens as data: `dashboards/NAME.yaml` shipped, and a user's own in `~/.config/tscg/dashboards/`. A file that cannot
 * be read is named with line and key, and left out.
 *
 *     title: Pressure
 *     sort: psi_cpu_some_percent
 *     columns: [psi_cpu_some_percent, psi_memory_some_percent]
 *     cells:                                     # of a grid of 12 x 12
 *       - { show: table, at: [0, 0, 8, 12] }     # top, left, rows, columns
 *       - { show: chart, metrics: [psi_cpu_some_percent], at: [8, 0, 4, 12] }
 */

import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { isRecord } from '../inventory/names/json.ts';
import { namesIn } from '../kernel/if-there.ts';
import { readRegularFileSync } from '../kernel/regular-file.ts';
import { findMetric } from '../metrics/catalogue.ts';
import { GROUPINGS, type Grouping } from '../metrics/grouping.ts';
import { errorText } from '../text/error-text.ts';
import { GRID, type GridPlace } from './area.ts';
import type { Pane } from './pane.ts';
import { PANES } from './panes.ts';

export interface Cell {
  readonly show: 'table' | 'chart' | Pane;
  readonly metrics: readonly string[];
  readonly at: GridPlace;
}

export interface Dashboard {
  readonly name: string;
  readonly title: string;
  readonly columns?: readonly string[];
  readonly sort?: string;
  readonly grouping?: Grouping;
  readonly filter?: string;
  /** Shows the selected row in the whole window. */
  readonly details?: boolean;
  readonly cells: readonly Cell[];
}

/** A dashboard file cannot be used: file, line, key and why, on one line. */
export class DashboardError extends Error {
  override readonly name = 'DashboardError';
}

/** Throws DashboardError. */
export function parseDashboard(text: string, file: string, panes = PANES): Dashboard {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, logLevel: 'error' });
  const fail = (path: readonly (string | number)[], why: string): never => {
    // Of a key that is missing, the place where it would be.
    let start: number | undefined;
    for (let length = path.length; start === undefined && length >= 0; length--) {
      start = rangeStart(document.getIn(path.slice(0, length), true));
    }
    const key = path
      .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
      .join('')
      .replace(/^\./, '');
    throw new DashboardError(`${file}:${counter.linePos(start ?? 0).line}: ${key || 'file'}: ${why}`);
  };
  const [broken] = document.errors;
  if (broken) {
    const at = broken.linePos?.[0].line ?? 1;
    throw new DashboardError(`${file}:${at}: ${broken.message.split('\n')[0] ?? 'not YAML'}`);
  }
  const root: unknown = document.toJS();
  if (!isRecord(root)) return fail([], 'not a map of title, columns, sort, cells');
  for (const key of Object.keys(root)) {
    if (!KNOWN_KEYS.includes(key)) fail([key], `no such key; one of ${KNOWN_KEYS.join(', ')}`);
  }
  const name = file.replace(/^.*\//, '').replace(/\.ya?ml$/, '');
  const columns = root.columns === undefined ? undefined : metricList(root.columns, ['columns'], fail);
  const { sort, grouping, filter, details, title } = root;
  if (sort !== undefined && sort !== 'name' && !(typeof sort === 'string' && findMetric(sort))) {
    fail(['sort'], `no metric "${String(sort)}"`);
  }
  const group = GROUPINGS.find((known) => known === grouping);
  if (grouping !== undefined && !group)
    fail(['grouping'], `"${String(grouping)}" is not one of ${GROUPINGS.join(', ')}`);
  return {
    name,
    title: typeof title === 'string' ? title : name,
    ...(columns ? { columns } : {}),
    ...(typeof sort === 'string' ? { sort: findMetric(sort)?.id ?? sort } : {}),
    ...(group ? { grouping: group } : {}),
    ...(typeof filter === 'string' ? { filter } : {}),
    ...(details === true ? { details } : {}),
    cells: cellList(root.cells, panes, fail),
  };
}

/** What `show` may be. */
export const cellKeys = (panes: readonly Pane[] = PANES): readonly string[] => [
  'table',
  ...panes.map(({ key }) => key),
  'chart',
];

const KNOWN_KEYS: readonly string[] = ['title', 'columns', 'sort', 'grouping', 'filter', 'details', 'cells'];

const CELL_KEYS: readonly string[] = ['show', 'metrics', 'at'];

type Fail = (path: readonly (string | number)[], why: string) => never;

function metricList(value: unknown, path: readonly (string | number)[], fail: Fail): string[] {
  if (!Array.isArray(value)) return fail(path, 'not a list of metrics');
  return value.map((id: unknown, index) => {
    const found = typeof id === 'string' ? findMetric(id) : undefined;
    return found?.id ?? fail([...path, index], `no metric "${String(id)}"`);
  });
}

function cellList(value: unknown, panes: readonly Pane[], fail: Fail): Cell[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return fail(['cells'], 'not a list of cells');
  return value.map((cell: unknown, index): Cell => {
    const path = ['cells', index];
    if (!isRecord(cell)) return fail(path, 'not a map of show, at and metrics');
    for (const key of Object.keys(cell)) {
      if (!CELL_KEYS.includes(key)) fail([...path, key], `no such key; one of ${CELL_KEYS.join(', ')}`);
    }
    const show =
      (['table', 'chart'] as const).find((key) => key === cell.show) ?? panes.find(({ key }) => key === cell.show);
    if (!show) return fail([...path, 'show'], `"${String(cell.show)}" is not one of ${cellKeys(panes).join(', ')}`);
    const metrics = cell.metrics === undefined ? [] : metricList(cell.metrics, [...path, 'metrics'], fail);
    if (show === 'chart' && metrics.length === 0) fail(path, 'a chart needs metrics');
    const at: readonly unknown[] = Array.isArray(cell.at) ? cell.at : [];
    const [top, left, rows, columns] = at.map(Number);
    const fits = (from?: number, size?: number): boolean =>
      from !== undefined && size !== undefined && from >= 0 && size >= 1 && from + size <= GRID;
    if (
      top === undefined ||
      left === undefined ||
      rows === undefined ||
      columns === undefined ||
      !fits(top, rows) ||
      !fits(left, columns)
    ) {
      return fail([...path, 'at'], `not [top, left, rows, columns] within a grid of ${GRID} x ${GRID}`);
    }
    return { show, metrics, at: [top, left, rows, columns] };
  });
}

/** Offset of a node of a YAML document. */
export function rangeStart(node: unknown): number | undefined {
  const range = isRecord(node) ? node.range : undefined;
  const [start]: readonly unknown[] = Array.isArray(range) ? range : [];
  return typeof start === 'number' ? start : undefined;
}

export interface Loaded {
  readonly dashboards: readonly Dashboard[];
  /** Files that could not be used. */
  readonly faults: readonly string[];
}

/** Bytes. */
export const LARGEST_DASHBOARD = 1 << 20;

/** In the order of the folders; a later one of the same name takes the place of an earlier one. */
export function loadDashboards(folders: readonly string[], order: readonly string[] = ORDER): Loaded {
  const found = new Map<string, Dashboard>();
  const faults: string[] = [];
  for (const folder of folders) {
    for (const file of filesIn(folder)) {
      try {
        const dashboard = parseDashboard(
          readRegularFileSync(join(folder, file), LARGEST_DASHBOARD),
          join(folder, file),
        );
        found.set(dashboard.name, dashboard);
      } catch (error) {
        faults.push(errorText(error));
      }
    }
  }
  const rank = ({ name }: Dashboard): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return { dashboards: [...found.values()].sort((a, b) => rank(a) - rank(b)), faults };
}

/** Of the keys 1 to 9. */
const ORDER = ['overview', 'container', 'pressure', 'cpu', 'memory', 'io', 'network', 'namespaces', 'filesystem'];

const filesIn = (folder: string): string[] =>
  namesIn(folder)
    .filter((file) => /\.ya?ml$/.test(file))
    .sort();
