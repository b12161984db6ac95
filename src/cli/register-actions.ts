/** The commands that act on what runs: freeze, thaw, kill, reclaim, move, controllers. */

import type { Command } from 'commander';
import { dryRunOption, forceOption, jsonOption, ONE_NAME, SOME_NAMES, viaOption } from './shared-options.ts';

export function registerActions(program: Command): void {
  const acting = (name: string): Command =>
    program
      .command(name)
      .addOption(dryRunOption)
      .addOption(forceOption)
      .addOption(jsonOption)
      .showHelpAfterError(false);

  for (const name of ['freeze', 'thaw'] as const) {
    acting(name)
      .argument('<name...>', SOME_NAMES)
      .description(
        name === 'freeze'
          ? 'stop every task of a workload, and wait until all have stopped; thaw it again if that takes too long'
          : 'let frozen workloads run again',
      )
      .addOption(viaOption)
      .option('--timeout <time>', 'how long to wait', '10s')
      .action(async (names, options, command: Command) =>
        name === 'freeze'
          ? (await import('./commands/freeze.ts')).freeze(names, options, command.optsWithGlobals())
          : (await import('./commands/thaw.ts')).thaw(names, options, command.optsWithGlobals()),
      );
  }

  acting('kill')
    .argument('<name...>', 'containers, pod/containers, units, cgroup paths or ids; pid:N is the workload of process N')
    .description('end every process of a workload, and what it forks meanwhile')
    .option('-s, --signal <signal>', 'signal to send in place of KILL: TERM, SIGHUP, 15')
    .option('--grace <time>', 'send TERM (or --signal), wait this long, then kill what is left')
    .action(async (names, options, command: Command) =>
      (await import('./commands/kill.ts')).killCommand(names, options, command.optsWithGlobals()),
    );

  acting('reclaim')
    .argument('<name>', ONE_NAME)
    .argument('<size>', 'how much: 500M, 1G')
    .description('free memory of a workload, without a limit and without killing')
    .action(async (name, size, options, command: Command) =>
      (await import('./commands/reclaim.ts')).reclaimCommand(name, size, options, command.optsWithGlobals()),
    );

  acting('move')
    .argument('<process>', 'pid:N')
    .argument('<name>', 'container, unit or cgroup path to move it to')
    .description('move a process into another cgroup')
    .action(async (process, name, options, command: Command) =>
      (await import('./commands/move.ts')).moveCommand(process, name, options, command.optsWithGlobals()),
    );

  acting('controllers')
    .argument('<name>', 'container, unit or cgroup path')
    .argument('[steps...]', '+NAME enables a controller for the cgroups below, -NAME disables it')
    .usage('[options] <name> [+NAME -NAME...]')
    .description(
      'show the controllers of a cgroup and where each stops; enable or disable them for the cgroups below with +io -cpu',
    )
    // -cpu is a step, not options.
    .allowUnknownOption()
    .action(async (name, steps, options, command: Command) =>
      (await import('./commands/controllers.ts')).controllers(name, steps, options, command.optsWithGlobals()),
    );
}
