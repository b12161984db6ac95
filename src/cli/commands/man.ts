/** tscg man: the manual pages. */

import type { Command } from 'commander';
import { tscgManual, tstopManual } from '../manual.ts';
import { print } from '../output.ts';
import { manPage } from '../roff.ts';

export function man(name: string, tscg: Command): void {
  print(manPage(name === 'tstop' ? tstopManual() : tscgManual(tscg)));
}
