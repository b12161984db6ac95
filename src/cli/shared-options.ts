/** Options and arguments that several commands take. */

import { type Command, Option } from 'commander';
import { OWNER_NAMES } from '../limits/model.ts';

export const jsonOption = new Option('--json', 'print JSON');
export const forceOption = new Option('--force', 'go ahead although the plan names a risk that refuses it');
export const dryRunOption = new Option(
  '--dry-run',
  'print the plan and change nothing; ends with 2 where it would be refused',
);
export const viaOption = new Option('--via <owner>', `who makes the change: auto, ${OWNER_NAMES.join(', ')}`).default(
  'auto',
);

export const ONE_NAME = 'container, pod/container, unit, cgroup path, id or pid:N';
export const SOME_NAMES = 'containers, pod/containers, units, cgroup paths, ids or pid:N';

export interface PastOptions {
  at?: string;
  from?: string;
}

/** Whether a recorded moment is meant, in place of now. */
export const isOfPast = ({ at, from }: PastOptions): boolean => at !== undefined || from !== undefined;

/** Adds `--at` and `--from`. `ofNow`: options, as commander names them, that a recorded moment cannot be given beside. */
export const addPastOptions = (command: Command, ofNow: readonly string[]): Command =>
  command
    .addOption(
      new Option('--at <time>', 'answer for a recorded moment: 03:12, 10m (ago), "2026-11-29 03:12"').conflicts([
        ...ofNow,
      ]),
    )
    .addOption(
      new Option('--from <file|directory>', 'the recording for --at: that of tscg record by default').conflicts([
        ...ofNow,
      ]),
    );
