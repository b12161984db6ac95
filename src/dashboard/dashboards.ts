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
import * as v from 'valibot';
import { isRecord } from '../inventory/names/json.ts';
import { namesIn } from '../kernel/if-there.ts';
import { readRegularFileSync } from '../kernel/regular-file.ts';
import type { Grouping } from '../metrics/grouping.ts';
import { errorText } from '../text/error-text.ts';
import type { GridPlace } from './area.ts';
import { SHIPPED_SCREENS } from './names.ts';
import type { Pane } from './pane.ts';
import { PANES } from './panes.ts';
import { dashboardShape } from './shape.ts';
import { readYaml, shapeFaults } from './yaml-file.ts';

export interface Cell {
  readonly show: 'table' | 'chart' | Pane;
  readonly metrics: readonly string[];
  /** A chart beside which the suspects of the selected row have theirs. */
  readonly hasSuspects: boolean;
  readonly at: GridPlace;
}

export interface Dashboard {
  readonly name: string;
  readonly title: string;
  readonly columns?: readonly string[] | undefined;
  readonly sort?: string | undefined;
  readonly grouping?: Grouping | undefined;
  readonly filter?: string | undefined;
  /** Shows the selected row in the whole window. */
  readonly details?: boolean | undefined;
  readonly cells: readonly Cell[];
}

/** A dashboard file cannot be used: file, line, key and why, on one line. */
export class DashboardError extends Error {
  override readonly name = 'DashboardError';
}

/** Throws DashboardError. */
export function parseDashboard(text: string, file: string, panes = PANES): Dashboard {
  const yaml = readYaml(text, file);
  if (typeof yaml === 'string') throw new DashboardError(yaml);
  if (!isRecord(yaml.root)) throw new DashboardError(yaml.fault([], 'not a map of title, columns, sort, cells'));
  const read = v.safeParse(dashboardShape(panes), yaml.root);
  if (!read.success) throw new DashboardError(shapeFaults(read.issues, yaml)[0]?.text);
  return dashboardOf(file.replace(/^.*\//, '').replace(/\.ya?ml$/, ''), read.output, panes);
}

/** Dashboards of the values that their files hold, by name. */
export function dashboardsOf(values: Readonly<Record<string, unknown>>): Dashboard[] {
  const shape = dashboardShape(PANES);
  return Object.entries(values).map(([name, value]) => dashboardOf(name, v.parse(shape, value), PANES));
}

function dashboardOf(
  name: string,
  { title = name, cells = [], ...others }: v.InferOutput<ReturnType<typeof dashboardShape>>,
  panes: readonly Pane[],
): Dashboard {
  return { name, title, ...others, cells: cells.map((cell) => cellOf(cell, panes)) };
}

function cellOf(
  {
    show,
    metrics = [],
    suspects: hasSuspects = false,
    at,
  }: { show: string; metrics?: string[] | undefined; suspects?: boolean | undefined; at: GridPlace },
  panes: readonly Pane[],
): Cell {
  const pane = panes.find(({ key }) => key === show);
  return { show: pane ?? (show === 'table' ? 'table' : 'chart'), metrics, hasSuspects, at };
}

export interface Loaded {
  readonly dashboards: readonly Dashboard[];
  /** Files that could not be used. */
  readonly faults: readonly string[];
}

/** The largest file that is read, in bytes. */
export const LARGEST_DASHBOARD = 1 << 20;

/** These dashboards and those of all folders. One in a later folder takes the place of one of the same name. */
export function loadDashboards(folders: readonly string[], known: readonly Dashboard[] = []): Loaded {
  const found = new Map(known.map((dashboard) => [dashboard.name, dashboard]));
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
  const rank = ({ name }: Dashboard): number =>
    SHIPPED_SCREENS.includes(name) ? SHIPPED_SCREENS.indexOf(name) : SHIPPED_SCREENS.length;
  return { dashboards: [...found.values()].sort((a, b) => rank(a) - rank(b)), faults };
}

const filesIn = (folder: string): string[] =>
  namesIn(folder)
    .filter((file) => /\.ya?ml$/.test(file))
    .sort();
