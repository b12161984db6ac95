/** The screens there are, and the one to begin with: by name, or a file of the user's. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRecord } from '../inventory/names/json.ts';
import { codeOf } from '../kernel/error-code.ts';
import { readRegularFileSync } from '../kernel/regular-file.ts';
import { errorText } from '../text/error-text.ts';
import {
  type Dashboard,
  dashboardsOf,
  LARGEST_DASHBOARD,
  type Loaded,
  loadDashboards,
  parseDashboard,
} from './dashboards.ts';

const SHIPPED = fileURLToPath(new URL('../../dashboards/', import.meta.url));

/** The shipped screens and those of the folder. The bundle has what the shipped files hold, so that no start reads YAML. */
function allDashboards(own: string): Loaded {
  const shipped: unknown = JSON.parse(process.env.TSCG_SCREENS ?? 'null');
  return isRecord(shipped) ? loadDashboards([own], dashboardsOf(shipped)) : loadDashboards([SHIPPED, own]);
}

/** `wanted` that cannot be used is a fault, the first one, and the first screen: tstop starts all the same. */
export function chooseDashboard(wanted: string | undefined, directory: string): Loaded & { readonly index: number } {
  const { dashboards, faults: all } = allDashboards(join(directory, 'dashboards'));
  if (wanted === undefined) return { dashboards, faults: all, index: 0 };
  const isOfWanted = (fault: string): boolean =>
    [`/${wanted}.yaml:`, `/${wanted}.yml:`].some((at) => fault.includes(at));
  const faults = [...all.filter(isOfWanted), ...all.filter((fault) => !isOfWanted(fault))];
  const index = dashboards.findIndex(({ name }) => name === wanted);
  if (index >= 0) return { dashboards, faults, index };
  try {
    const own: Dashboard = parseDashboard(readRegularFileSync(wanted, LARGEST_DASHBOARD), wanted);
    return { dashboards: [...dashboards, own], faults, index: dashboards.length };
  } catch (error) {
    const isMissing = codeOf(error) === 'ENOENT';
    if (isMissing && all.some(isOfWanted)) return { dashboards, faults, index: 0 };
    const why = isMissing
      ? `--dashboard: no screen and no file "${wanted}"; there are ${dashboards.map(({ name }) => name).join(', ')}`
      : errorText(error);
    return { dashboards, faults: [why, ...faults], index: 0 };
  }
}
