/** The commands that look: ls, get, ns, fs. */

import { type Command, Option } from 'commander';
import { NAMESPACE_KINDS } from '../kernel/namespace-link.ts';
import { addFleetOptions } from './fleet-flags.ts';
import { addPastOptions, jsonOption, ONE_NAME } from './shared-options.ts';

export function registerViews(program: Command): void {
  const list = program
    .command('ls')
    .description('list containers, pods, machines, units and cgroups with what they use')
    .option('-a, --all', 'show slices, monitors and inner cgroups too')
    .addOption(jsonOption)
    .addOption(new Option('--csv', 'print CSV').conflicts('json'))
    .option('-s, --sort <metric>', 'order by a metric or by name', 'cpu_percent')
    .option('-r, --reverse', 'reverse the order')
    .option('-c, --columns <list>', 'metrics to show, separated by commas (tscg metrics lists them)')
    .option('-w, --watch', 'print again every interval until Ctrl-C')
    .option('-d, --delay <seconds>', 'interval between two samples', '1')
    .option('-n, --iterations <number>', 'stop --watch after this many tables')
    .option('-1, --once', 'print once, as without --watch')
    .option('-f, --filter <query>', "show these only: text in a name, or a query as 'cpu > 50 and image ~ redis'");
  addPastOptions(addFleetOptions(list), ['watch', 'delay', 'iterations']).action(async (options, command: Command) =>
    (await import('./commands/ls.ts')).ls(options, command.optsWithGlobals()),
  );

  const show = program
    .command('get')
    .argument('<name>', ONE_NAME)
    .description('show limits, what really binds, usage, pressure and events')
    .addOption(jsonOption)
    .option('-d, --delay <seconds>', 'interval between the two samples', '1');
  addPastOptions(show, ['delay']).action(async (name, options, command: Command) =>
    (await import('./commands/get.ts')).get(name, options, command.optsWithGlobals()),
  );

  program
    .command('ns')
    .argument('[name]', 'container, pod/container, unit, cgroup path, id or pid:N; without one all namespaces')
    .description('list namespaces: whose they are, who shares them, owners and id maps')
    .addOption(new Option('--type <kind>', 'show this kind only').choices(NAMESPACE_KINDS))
    .option(
      '--tree',
      'show a tree: each under the user namespace that owns it, pid and user namespaces under their parents',
    )
    .addOption(jsonOption)
    .action(async (name, options, command: Command) =>
      (await import('./commands/ns.ts')).ns(name, options, command.optsWithGlobals()),
    );

  program
    .command('fs')
    .argument('<name>', ONE_NAME)
    .description(
      'show the file system of a workload: its root and layers, what it wrote and to which disk, what is mounted inside; pid:N is what that process sees',
    )
    .option('-a, --all', "show the kernel's and the engine's mounts too")
    .option('--no-size', 'do not measure what it wrote')
    .option('--growth <time>', 'measure twice, this long apart, and show how fast it grows')
    .addOption(jsonOption)
    .action(async (name, options, command: Command) =>
      (await import('./commands/fs.ts')).fs(name, options, command.optsWithGlobals()),
    );
}
