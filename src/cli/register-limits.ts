/** The commands that limit, and what tells of limits or takes them back: set, undo, log, reapply, apply, snapshot. */

import type { Command } from 'commander';
import { dryRunOption, forceOption, jsonOption, SOME_NAMES, viaOption } from './shared-options.ts';

export function registerLimits(program: Command): void {
  program
    .command('set')
    .argument('<name...>', SOME_NAMES)
    .description('set limits: show the plan, apply it, read it back, and record how to undo it')
    .addOption(viaOption)
    .option('--persist', 'keep the limits over a reboot, where systemd owns the cgroup')
    .option(
      '--for <time>',
      'take the limits back after this time, for example 10m, even if this terminal is closed by then',
    )
    .addOption(dryRunOption)
    .addOption(forceOption)
    .addOption(jsonOption)
    .action(async (names, options, command: Command) =>
      (await import('./commands/set.ts')).set(names, options, command.optsWithGlobals()),
    );

  program
    .command('undo')
    .argument('[id]', 'change to take back (tscg log lists them); the last one by default')
    .description('restore what a change replaced')
    .option('--last <number>', 'undo this many of the last changes, the newest first')
    .option('--all', 'undo every change that is not undone yet')
    .option('--since <time>', 'undo every change since then: 2h ago, 03:00 or 2026-11-27T03:00')
    .addOption(dryRunOption)
    .addOption(forceOption)
    .addOption(jsonOption)
    .action(async (id, options, command: Command) =>
      (await import('./commands/undo.ts')).undo(id, options, command.optsWithGlobals()),
    );

  program
    .command('log')
    .description('list the changes that tscg made, and the limits that another program changed since')
    .addOption(jsonOption)
    .action(async (options, command: Command) =>
      (await import('./commands/log.ts')).log(options, command.optsWithGlobals()),
    );

  program
    .command('reapply')
    .argument('[id]', 'change to make again; every one that drifted by default')
    .description('set limits again that another program changed')
    .addOption(dryRunOption)
    .addOption(forceOption)
    .addOption(jsonOption)
    .action(async (id, options, command: Command) =>
      (await import('./commands/reapply.ts')).reapply(id, options, command.optsWithGlobals()),
    );

  program
    .command('apply')
    .argument('[policy]', 'YAML or JSON file with version: 1 and rules; - for standard input')
    .description('set the limits of a policy file: workloads by name, image, label, pod, path or slice, as one change')
    .option('-w, --watch', 'go on until Ctrl-C: limit what starts later, and follow changes of the file')
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
    .option('-a, --all', 'include slices, monitors and inner cgroups')
    .action(async (options, command: Command) =>
      (await import('./commands/snapshot.ts')).snapshot(options, command.optsWithGlobals()),
    );
}
