/** tscg: the commands. Each is loaded when it is used, so that help and completion start at once. */
import { Argument, type Command, Option, program } from 'commander';
import { NAMESPACE_KINDS } from '../kernel/namespace-link.ts';
import { addTypedLimitFlags } from './limit-flags.ts';
import { print } from './output.ts';
import { commandLineError, runProgram, VERSION } from './program.ts';
import { registerActions } from './register-actions.ts';
import { registerRun } from './register-run.ts';
import { viaOption } from './via-option.ts';

program
  .name('tscg')
  .description('See and limit what containers, units and cgroups use (cgroup v2)')
  .version(VERSION)
  .option('--mount <directory>', 'cgroup2 mount to work on, where there are several')
  .showSuggestionAfterError()
  .enablePositionalOptions()
  .configureOutput({ writeOut: print, outputError: (text, write) => write(commandLineError('tscg', text)) })
  .exitOverride();

const json = new Option('--json', 'print JSON');
const force = new Option('--force', 'do it although the plan names a risk that refuses it');
const dryRun = new Option('--dry-run', 'print the plan and change nothing');

program
  .command('ls')
  .description('list containers, pods, machines, units and cgroups with what they use')
  .option('-a, --all', 'slices, monitors and inner cgroups too')
  .addOption(json)
  .option('--csv', 'print CSV')
  .option('-s, --sort <metric>', 'order by a metric or by name', 'cpu_percent')
  .option('-r, --reverse', 'the other way round')
  .option('-c, --columns <list>', 'metrics to show, by comma (tscg metrics lists them)')
  .option('-w, --watch', 'print again every interval until Ctrl-C')
  .option('-d, --delay <seconds>', 'interval between two samples', '1')
  .option('-n, --iterations <number>', 'end --watch after so many')
  .option('-1, --once', 'print once, as without --watch')
  .action(async (options, command: Command) =>
    (await import('./commands/ls.ts')).ls(options, command.optsWithGlobals()),
  );

program
  .command('get')
  .argument('<name>', 'container, pod/container, unit, cgroup path, id or pid:N')
  .description('show limits, what really binds, usage, pressure and events')
  .addOption(json)
  .option('-d, --delay <seconds>', 'interval between the two samples', '1')
  .action(async (name, options, command: Command) =>
    (await import('./commands/get.ts')).get(name, options, command.optsWithGlobals()),
  );

program
  .command('ns')
  .argument('[name]', 'container, pod/container, unit, cgroup path, id or pid:N; without one all namespaces')
  .description('list namespaces: whose they are, who shares them, owners and id maps')
  .addOption(new Option('--type <kind>', 'only this kind').choices(NAMESPACE_KINDS))
  .option('--tree', 'each under the user namespace that owns it, pid and user namespaces under their parents')
  .addOption(json)
  .action(async (name, options, command: Command) =>
    (await import('./commands/ns.ts')).ns(name, options, command.optsWithGlobals()),
  );

program
  .command('fs')
  .argument('<name>', 'container, pod/container, unit, cgroup path, id or pid:N')
  .description(
    'show its file system: root, layers, what it wrote and on which disk, what is mounted inside; pid:N is what that process sees',
  )
  .option('-a, --all', "the kernel's and the engine's mounts too")
  .option('--no-size', 'do not measure what it wrote')
  .option('--growth <time>', 'measure twice, so long apart, and tell how fast it grows')
  .addOption(json)
  .action(async (name, options, command: Command) =>
    (await import('./commands/fs.ts')).fs(name, options, command.optsWithGlobals()),
  );

program
  .command('set')
  .argument('<name...>', 'containers, pod/containers, units, cgroup paths, ids or pid:N')
  .description('limit: shows the plan, applies it, reads it back, and remembers how to undo it')
  .addOption(viaOption)
  .option('--persist', 'keep it over a reboot, where systemd owns it')
  .option('--for <time>', 'take it back after so long, as 10m, also when this terminal is gone by then')
  .addOption(dryRun)
  .addOption(force)
  .addOption(json)
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
  .addOption(dryRun)
  .addOption(force)
  .addOption(json)
  .action(async (id, options, command: Command) =>
    (await import('./commands/undo.ts')).undo(id, options, command.optsWithGlobals()),
  );

program
  .command('log')
  .description('list the changes that tscg made, and limits that others took back since')
  .addOption(json)
  .action(async (options, command: Command) =>
    (await import('./commands/log.ts')).log(options, command.optsWithGlobals()),
  );

program
  .command('reapply')
  .argument('[id]', 'change to make once more; without one all that drifted')
  .description('set again what another writer took back')
  .addOption(dryRun)
  .addOption(force)
  .addOption(json)
  .action(async (id, options, command: Command) =>
    (await import('./commands/reapply.ts')).reapply(id, options, command.optsWithGlobals()),
  );

program
  .command('apply')
  .argument('[policy]', 'YAML or JSON file with version: 1 and rules; - for standard input')
  .description('limit as a policy file says: workloads by name, image, label, pod, path or slice, in one change')
  .option('-w, --watch', 'also what starts from now on, and what the file says when it changes, until Ctrl-C')
  .option('--schema', 'print the JSON Schema of policy files, for editors')
  .addOption(dryRun)
  .addOption(force)
  .addOption(json)
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

registerActions(program);
registerRun(program);

program
  .command('metrics')
  .description('list every metric: id, unit, file and formula')
  .addOption(json)
  .action(async (options) => (await import('./commands/metrics.ts')).metrics(options));

program
  .command('doctor')
  .description('check what works here, and say what to do about what does not')
  .addOption(json)
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

void addTypedLimitFlags(program).then(() => runProgram('tscg', program));
