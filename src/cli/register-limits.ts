/** The commands that limit, and what tells of limits or takes them back: set, undo, log, reapply, apply, snapshot. */
import type { Command } from 'commander';
import { dryRunOption, forceOption, jsonOption, SOME_NAMES, viaOption } from './shared-options.ts';

export function registerLimits(program: Command): void {
  program
    .command('set')
    .argument('<name...>', SOME_NAMES)
    .description('limit: shows the plan, applies it, reads it back, and remembers how to undo it')
    .addOption(viaOption)
    .option('--persist', 'keep it over a reboot, where systemd owns it')
    .option('--for <time>', 'take it back after so long, as 10m, also when this terminal is gone by then')
    .addOption(dryRunOption)
    .addOption(forceOption)
    .addOption(jsonOption)
    .action(async (names, options, command: Command) =>
      (await import('./commands/set.ts')).set(names, options, command.optsWithGlobals()),
    );

  program
    .command('undo')
    .argument('[id]', 'change to take back (tscg log lists them); without one the last')
    .description('restore what a change replaced')
    .option('--last <number>', 'the last so many changes, the newest first')
    .option('--all', 'every change that is not undone')
    .option('--since <time>', 'every one since then: 2h ago, 03:00 or 2026-11-27T03:00')
    .addOption(dryRunOption)
    .addOption(forceOption)
    .addOption(jsonOption)
    .action(async (id, options, command: Command) =>
      (await import('./commands/undo.ts')).undo(id, options, command.optsWithGlobals()),
    );

  program
    .command('log')
    .description('list the changes that tscg made, and limits that others took back since')
    .addOption(jsonOption)
    .action(async (options, command: Command) =>
      (await import('./commands/log.ts')).log(options, command.optsWithGlobals()),
    );

  program
    .command('reapply')
    .argument('[id]', 'change to make once more; without one all that drifted')
    .description('set again what another writer took back')
    .addOption(dryRunOption)
    .addOption(forceOption)
    .addOption(jsonOption)
    .action(async (id, options, command: Command) =>
      (await import('./commands/reapply.ts')).reapply(id, options, command.optsWithGlobals()),
    );

  program
    .command('apply')
    .argument('[policy]', 'YAML or JSON file with version: 1 and rules; - for standard input')
    .description('limit as a policy file says: workloads by name, image, label, pod, path or slice, in one change')
    .option('-w, --watch', 'also what starts from now on, and what the file says when it changes, until Ctrl-C')
    .option('--schema', 'print the JSON Schema of policy files, for editors')
    .addOption(dryRunOption)
    .addOption(forceOption)
    .addOption(jsonOption)
    .action(async (policy, options, command: Command) =>
      (await import('./commands/apply.ts')).apply(policy, options, command.optsWithGlobals()),
    );

  program
    .command('snapshot')
    .description('print the limits that are set now, as a policy for tscg apply')
    .option('-a, --all', 'also of slices, monitors and inner cgroups')
    .action(async (options, command: Command) =>
      (await import('./commands/snapshot.ts')).snapshot(options, command.optsWithGlobals()),
    );
}
