/** The commands that tell of tscg itself: metrics, doctor, completion, man. */

import { Argument, type Command } from 'commander';
import { jsonOption } from './shared-options.ts';

export function registerHelp(program: Command): void {
  program
    .command('metrics')
    .description('list every metric: id, unit, file and formula')
    .addOption(jsonOption)
    .action(async (options) => (await import('./commands/metrics.ts')).metrics(options));

  program
    .command('doctor')
    .description('check what works here, and say what to do about what does not')
    .option('--from <file>', 'tell what it found on the machine of that incident')
    .addOption(jsonOption)
    .action(async (options, command: Command) =>
      (await import('./commands/doctor.ts')).doctor(options, command.optsWithGlobals()),
    );

  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'whose script').choices(['bash', 'zsh', 'fish']))
    .description('print the completion script of a shell: eval "$(tscg completion bash)"')
    .action(async (shell) => (await import('./commands/completion.ts')).completion(shell));

  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .option('--shell <shell>')
    .option('--breaks <characters>')
    .option('--line <text>')
    .action(async (words, options) => (await import('./commands/completion.ts')).complete(words, options, program));

  program
    .command('man')
    .addArgument(new Argument('[program]', 'whose page').choices(['tscg', 'tstop']).default('tscg'))
    .description('print a manual page: tscg man | man -l -')
    .action(async (name) => (await import('./commands/man.ts')).man(name, program));
}
