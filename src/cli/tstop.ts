/** tstop: the dashboard; without a terminal, the table once. */
import { setFlagsFromString } from 'node:v8';
import { program } from 'commander';
import { exitProcess, HUNG_UP } from './exit.ts';
import { endWithReader } from './output.ts';
import { commandLineError, runProgram, VERSION } from './program.ts';

interface TstopFlags {
  mount?: string;
  delay: string;
  color: boolean;
  mouse: boolean;
  readonly?: boolean;
  ascii?: boolean;
  theme?: string;
  dashboard?: string;
}

program
  .name('tstop')
  .description(
    'Live usage of every container, unit and cgroup, beside the process tree of the selected one (? shows the keys)',
  )
  .version(VERSION)
  .option('--mount <directory>', 'cgroup2 mount to work on, where there are several')
  .option('-d, --delay <seconds>', 'interval between two samples', '1')
  .option('-C, --no-color', 'no colours (also with NO_COLOR set)')
  .option('-M, --no-mouse', 'leave the mouse to the terminal')
  .option('-U, --ascii', 'no characters beyond ASCII (also where the locale is not UTF-8)')
  .option('--theme <name>', 'dark, light, high-contrast, monochrome or colour-blind')
  .option(
    '--dashboard <name|file>',
    'screen to begin with: overview, container, pressure, cpu, memory, io, network, namespaces, filesystem, or a file',
  )
  .option('--readonly', 'change nothing: no limits, freezing, signals or undo')
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(commandLineError('tstop', text)) })
  .exitOverride()
  .action(async (options: TstopFlags) => {
    const { PROC, openHierarchy, planContext } = await import('./context.ts');
    const { THEMES } = await import('../dashboard/themes.ts');
    if (options.theme !== undefined && !Object.hasOwn(THEMES, options.theme)) {
      const { UsageError } = await import('./errors.ts');
      throw new UsageError(`--theme: no theme "${options.theme}"; one of ${Object.keys(THEMES).join(', ')}`);
    }
    if (!process.stdout.isTTY || !process.stdin.isTTY) {
      const { ls } = await import('./commands/ls.ts');
      return ls({ sort: 'cpu_percent', delay: options.delay }, options);
    }
    // A frame's garbage dies young: with room to grow, V8 keeps 30 MB of it around before it looks.
    setFlagsFromString('--semi-space-growth-factor=1');
    const { secondsOption } = await import('./options.ts');
    const { runTstop } = await import('../dashboard/run.ts');
    const seconds = secondsOption('--delay', options.delay);
    const { configDirectory, isUtf8, loadSettings } = await import('../dashboard/settings.ts');
    const { chooseDashboard } = await import('../dashboard/choose-dashboard.ts');
    const directory = configDirectory();
    const { settings, faults } = loadSettings(directory);
    const chosen = chooseDashboard(options.dashboard, directory);
    const isPlain = !options.color || Boolean(process.env.NO_COLOR);
    const hierarchy = openHierarchy(options);
    const { openJournal, stateDirectory } = await import('../limits/applying/journal.ts');
    const { driftOf } = await import('../limits/applying/drift.ts');
    const acting = { context: () => planContext(hierarchy), journal: openJournal(stateDirectory()) };
    const unusable = [...chosen.faults, ...faults];
    // With a screen a change under way is to be taken back before the end, whatever becomes of the terminal.
    releaseOutput();
    const dashboard = runTstop({
      hierarchy,
      proc: PROC,
      seconds,
      theme: isPlain ? 'monochrome' : (options.theme ?? settings.theme ?? 'dark'),
      ascii: options.ascii || settings.ascii || !isUtf8(),
      mouse: options.mouse && settings.mouse !== false,
      settings,
      directory,
      dashboards: chosen.dashboards,
      dashboard: chosen.index,
      faults: unusable,
      findDrifts: () => driftOf(acting.journal.read().changes, acting.context()),
      ...(options.readonly ? {} : { acting }),
    });
    // Once the terminal is as it was: on the screen there is room for the first one.
    const end = await dashboard.finally(() => {
      for (const fault of unusable) process.stderr.write(`tstop: ${fault}\n`);
    });
    exitProcess(end === 'hung up' ? HUNG_UP : 0);
  });

const releaseOutput = endWithReader('tstop');
void runProgram('tstop', program);
