/** The commands that tell why something is slow. */

import { type Command, CommanderError } from 'commander';
import { print } from './output.ts';
import { commandLineError } from './program.ts';
import { addPastOptions, dryRunOption, forceOption, jsonOption, ONE_NAME, SOME_NAMES } from './shared-options.ts';

export function registerDiagnosis(program: Command): void {
  const explain = program
    .command('why')
    .argument('[name...]', `${SOME_NAMES}; without one all that suffer`)
    .description('tell why it is slow: its own limit, the machine, or a neighbour, and which one')
    .option('--for <time>', 'look for so long: 5s, and 10s where the trouble comes in bursts, by default')
    .option('--no-ebpf', "go by the kernel's files alone")
    .option(
      '-w, --watch',
      'wait until something suffers, look closer and tell, until Ctrl-C; looks use at most 10 % of a CPU',
    )
    .option('--prove', 'then try the gentlest limit of the first suspect, as tscg prove does, and take it back')
    .option('--fix', 'then try the gentlest remedy of the first finding, and keep it if it helps and harms nobody else')
    .option('--fix-for <time>', 'with --fix: try it for so long', '60s')
    .option('-y, --yes', 'with --fix: do not ask')
    .addOption(dryRunOption)
    .addOption(forceOption)
    .addOption(jsonOption);
  addPastOptions(explain, ['for', 'ebpf', 'watch', 'prove', 'fix', 'fixFor', 'yes', 'dryRun', 'force']).action(
    async (names, options, command: Command) =>
      (await import('./commands/why.ts')).why(names, options, command.optsWithGlobals()),
  );

  program
    .command('check')
    .argument('<condition>', "as 'web.cpu_wait > 10': time lost in percent, or a metric that tscg metrics lists")
    .description(
      'for cron and monitoring: one line; ends with 0, with 1 where the condition holds, 3 where it is not known',
    )
    .option('--for <time>', 'measure over so long', '5s')
    // To monitoring 2 is a critical state of what is watched, and a plugin answers on its standard output.
    .configureOutput({ outputError: (text) => print(`UNKNOWN - ${commandLineError('tscg', text, 'tscg check')}`) })
    .exitOverride(({ exitCode, code, message }) => {
      throw new CommanderError(exitCode === 0 ? 0 : 3, code, message);
    })
    .action(async (condition, options, command: Command) =>
      (await import('./commands/check.ts')).check(condition, options, command.optsWithGlobals()),
    );

  program
    .command('prove')
    .argument('<suspect>', ONE_NAME)
    .description('prove whether it hurts another: a limit on it is switched on and off in random order, and taken back')
    .requiredOption('--victim <name>', 'who is thought to suffer from it')
    .option('--pairs <number>', 'pairs of windows, one with the limit and one without', '8')
    .option('--window <time>', 'length of a window: 1s for CPU, 2s for io, 5s for memory by default')
    .addOption(dryRunOption)
    .addOption(forceOption)
    .addOption(jsonOption)
    .action(async (suspect, options, command: Command) =>
      (await import('./commands/prove.ts')).prove(suspect, options, command.optsWithGlobals()),
    );

  const suppose = program
    .command('whatif')
    .argument('<name>', ONE_NAME)
    .description(
      'watch it and tell what a limit would have done: how often and how long it would have been held up; with --at from what was recorded up to that moment',
    )
    .option('--cpu <percent>', 'CPU quota: 50% is half of one CPU')
    .option('--cpus <number>', 'CPU quota as a number of CPUs')
    .option('--memory <size>', 'memory.max: 512M')
    .option('--memory-high <size>', 'memory.high: 512M')
    .option('--for <time>', 'watch for so long', '1m')
    .addOption(jsonOption);
  addPastOptions(suppose, []).action(async (name, options, command: Command) =>
    (await import('./commands/whatif.ts')).whatIf(name, options, command.optsWithGlobals()),
  );
}
