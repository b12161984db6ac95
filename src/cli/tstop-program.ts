/** tstop as commander parses and helps it. What it runs is given: tscg, which writes tstop's manual, has no dashboard in it. */

import { Command } from 'commander';
import { SHIPPED_SCREENS, THEME_NAMES } from '../dashboard/names.ts';
import { addFleetOptions } from './fleet-flags.ts';
import type { FleetOptions } from './fleet-options.ts';
import { commandLineError, VERSION } from './program.ts';

export interface TstopFlags extends FleetOptions {
  mount?: string;
  delay?: string;
  color: boolean;
  mouse: boolean;
  readonly?: boolean;
  /** False with --no-looks. */
  looks: boolean;
  ascii?: boolean;
  theme?: string;
  dashboard?: string;
  replay?: string;
  at?: string;
}

export function buildTstop(run: (options: TstopFlags) => Promise<void>): Command {
  const command = new Command('tstop')
    .description(
      'Live usage of every container, unit and cgroup, beside the process tree of the selected one (? shows the keys)',
    )
    .version(VERSION)
    .option('--mount <directory>', 'cgroup2 mount to work on, where there are several')
    .option('-d, --delay <seconds>', 'interval between two samples (default: 1; with --prometheus 5)')
    .option('-C, --no-color', 'no colours (also with NO_COLOR set)')
    .option('-M, --no-mouse', 'leave the mouse to the terminal')
    .option('-U, --ascii', 'no characters beyond ASCII (also where the locale is not UTF-8)')
    .option('--theme <name>', `colours: ${THEME_NAMES.join(', ')}`)
    .option('--dashboard <name|file>', `screen to begin with: ${SHIPPED_SCREENS.join(', ')}, or a file`)
    .option('--replay <file|directory>', 'show a recording of tscg record or tscg incident in place of what runs')
    .option('--at <time>', 'with --replay: where it begins: 03:12, 10m (ago), "2026-11-29 03:12"')
    .option('--readonly', 'change nothing: no limits, freezing, signals or undo')
    .option('--no-looks', 'do not look closer by itself at what suffers, which uses at most 10 % of a CPU');
  return addFleetOptions(command)
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(commandLineError('tstop', text)) })
    .exitOverride()
    .action(run);
}

/** The options of tstop, for its manual and for completion: it runs nothing. */
export const tstopTables = (): Command => buildTstop(async () => {});
