/** tscg as commander parses, helps and completes it. Each command is loaded when it is used, so that help starts at once. */

import { Command } from 'commander';
import { print } from './output.ts';
import { commandLineError, VERSION } from './program.ts';
import { registerActions } from './register-actions.ts';
import { registerDiagnosis } from './register-diagnosis.ts';
import { registerExport } from './register-export.ts';
import { registerHelp } from './register-help.ts';
import { registerLimits } from './register-limits.ts';
import { registerRecording } from './register-recording.ts';
import { registerRun } from './register-run.ts';
import { registerViews } from './register-views.ts';

/** Each family of commands: what declares it, and the names for which it is declared alone. */
const FAMILIES: readonly (readonly [register: (program: Command) => void, ...names: string[]])[] = [
  [registerViews, 'ls', 'get', 'ns', 'fs'],
  [registerDiagnosis, 'why', 'check', 'prove', 'whatif'],
  [registerLimits, 'set', 'undo', 'log', 'reapply', 'apply', 'snapshot'],
  [registerActions, 'freeze', 'thaw', 'kill', 'reclaim', 'move', 'controllers'],
  [registerRun, 'try', 'run', 'revert'],
  [registerRecording, 'record', 'dump', 'incident'],
  [registerExport, 'export'],
  [registerHelp],
];

/**
 * `typed`: the first word of the command line. Where it names a command, only that command's family is declared, as all of
 * them take longer than many a command. The flags of limits are not in it yet: addLimitFlags loads their catalogue.
 */
export function buildTscg(typed = ''): Command {
  const family = FAMILIES.find(([, ...names]) => names.includes(typed));
  const helped = family ? `tscg ${typed}` : 'tscg';
  const program = new Command('tscg')
    .description('See and limit what containers, units and cgroups use (cgroup v2)')
    .version(VERSION)
    .option('--mount <directory>', 'cgroup2 mount to work on, where there are several')
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .configureOutput({ writeOut: print, outputError: (text, write) => write(commandLineError('tscg', text, helped)) })
    .exitOverride();
  for (const [register] of family ? [family] : FAMILIES) register(program);
  return program;
}
