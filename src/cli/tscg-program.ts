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

/** The flags of limits are not in it yet: addLimitFlags loads their catalogue. */
export function buildTscg(): Command {
  const program = new Command('tscg')
    .description('See and limit what containers, units and cgroups use (cgroup v2)')
    .version(VERSION)
    .option('--mount <directory>', 'cgroup2 mount to work on, where there are several')
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .configureOutput({ writeOut: print, outputError: (text, write) => write(commandLineError('tscg', text)) })
    .exitOverride();
  registerViews(program);
  registerDiagnosis(program);
  registerLimits(program);
  registerActions(program);
  registerRun(program);
  registerRecording(program);
  registerExport(program);
  registerHelp(program);
  return program;
}
