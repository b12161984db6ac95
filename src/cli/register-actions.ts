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
          ? 'stop every task where it stands, and wait until it has; thawed again where that takes too long'
          : 'let frozen workloads go on',
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
    .option('-s, --signal <signal>', 'another signal than KILL: TERM, SIGHUP, 15')
    .option('--grace <time>', 'after the signal (TERM), wait so long, then kill what is left')
    .action(async (names, options, command: Command) =>
      (await import('./commands/kill.ts')).killCommand(names, options, command.optsWithGlobals()),
    );

  acting('reclaim')
    .argument('<name>', ONE_NAME)
    .argument('<size>', 'how much: 500M, 1G')
    .description('take memory back, without a limit and without killing')
    .action(async (name, size, options, command: Command) =>
      (await import('./commands/reclaim.ts')).reclaimCommand(name, size, options, command.optsWithGlobals()),
    );

  acting('move')
    .argument('<process>', 'pid:N')
    .argument('<name>', 'container, unit or cgroup path that it goes to')
    .description('move a process into another cgroup')
    .action(async (process, name, options, command: Command) =>
      (await import('./commands/move.ts')).moveCommand(process, name, options, command.optsWithGlobals()),
    );

  acting('controllers')
    .argument('<name>', 'container, unit or cgroup path')
    .argument('[steps...]', '+NAME and -NAME: hand a controller on to the cgroups below, or not')
    .usage('[options] <name> [+NAME -NAME...]')
    .description('show which controllers it has and where each stops; hand them on with +io -cpu')
    // -cpu is a step, not options.
    .allowUnknownOption()
    .action(async (name, steps, options, command: Command) =>
      (await import('./commands/controllers.ts')).controllers(name, steps, options, command.optsWithGlobals()),
    );
}
