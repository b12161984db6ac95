/** A Frame of two machines, for the views: `web` and `db` on `a`, `web` on `b`. */

import { CAUSES } from '../../src/diagnosis/model.ts';
import { type FleetFrame, fleetFrame } from '../../src/fleet/frame.ts';
import type { FleetRow } from '../../src/fleet/table.ts';

const FINE = CAUSES.findIndex(({ code }) => code === 'fine');

const row = (machine: number, name: string): FleetRow => ({
  ...{ machine, id: `/${name}`, target: { instance: 'ab'[machine] ?? '', job: 'tscg' } },
  labels: { name, kind: 'container' },
});

const ROWS = [row(0, 'web'), row(0, 'db'), row(1, 'web')];

/** The Frame as of now; the second machine is silent for so many seconds. `leftOut`: rows that the store has beside these. `partial`: what it says where a part of it is away. `ahead`: its clock. */
export const twoMachines = (
  silent = 0,
  cpu: readonly number[] = [10, 20, 30],
  leftOut = 0,
  { partial, ahead = 0 }: { readonly partial?: string; readonly ahead?: number } = {},
): FleetFrame =>
  fleetFrame(
    {
      machines: [0, silent].map((age, index) => ({
        ...{ name: 'ab'[index] ?? '', time: Date.now() + ahead - age * 1000, seconds: 10 },
      })),
      rows: ROWS,
      leftOut,
      ...{ partial, ahead },
      figures: new Map([
        ['cpu_percent', Float64Array.from(cpu)],
        ['cpu_limit_cpus', Float64Array.from([2, Number.POSITIVE_INFINITY, Number.NaN])],
      ]),
      impossible: new Map(),
      causes: Uint8Array.from(ROWS, () => FINE),
      losses: Float64Array.from(ROWS, () => 0),
      series: 6,
    },
    {
      address: 'http://store:9090',
      identityOf: (one) => 1 + ROWS.indexOf(one),
      milliseconds: 5,
      ownCpuPercent: 1,
      own: { cpuUsec: 0, rss: 0 },
    },
  );
