/** The commands whose limits end by themselves: try, run, and revert, which the timer of --for runs. */

import { type Command, Option } from 'commander';
import { dryRunOption, forceOption, jsonOption, SOME_NAMES, viaOption } from './shared-options.ts';

export function registerRun(program: Command): void {
  const trial = program
    .command('try')
    .argument('<name...>', SOME_NAMES)
    .description(
      'set limits for a while: wait, take them back, and show the pressure of the other workloads before and during it',
    )
    .option('--for <time>', 'how long to keep them; Ctrl-C ends it earlier', '5m')
    .addOption(viaOption)
    .addOption(dryRunOption)
    .addOption(forceOption)
    .addOption(jsonOption);
  trial.action(async (names, options, command: Command) =>
    (await import('./commands/try.ts')).tryOut(names, options, command.optsWithGlobals()),
  );

  const run = program
    .command('run')
    .argument('<command...>', 'the command and its arguments, after -- or the first word that is no option')
    .description('run a command in a new cgroup with limits; at the end show what it used, and remove the cgroup')
    .option('--name <name>', 'name of the cgroup, and the host name with --uts')
    .option('-q, --quiet', 'print no summary')
    .option('--json', "print the summary as JSON, to standard error: standard output is the command's")
    .option('--dry-run', 'print what would be made and start nothing')
    .addOption(forceOption);
  for (const name of ['pid', 'mount', 'net', 'uts', 'ipc', 'user', 'cgroup', 'time']) {
    run.addOption(new Option(`--${name}`, `run it in a ${name} namespace of its own`).helpGroup('Namespaces:'));
  }
  run
    .addOption(new Option('--rootfs <folder>', 'folder that becomes its root (pivot_root)').helpGroup('Namespaces:'))
    .addOption(
      new Option(
        '--overlay <folder[:folder]>',
        'folders that its root is laid over, the topmost first; what it writes is discarded at the end',
      ).helpGroup('Namespaces:'),
    )
    .passThroughOptions();
  run.action(async (words, options, command: Command) =>
    // Its own --mount is a namespace, the program's a folder.
    (await import('./commands/run.ts')).run(words, options, command.parent?.opts() ?? {}),
  );

  program
    .command('revert', { hidden: true })
    .argument('<id>')
    .description('take a change of --for back, unless that is done')
    .action(async (id, _, command: Command) =>
      (await import('./commands/revert.ts')).revert(id, command.optsWithGlobals()),
    );
}
