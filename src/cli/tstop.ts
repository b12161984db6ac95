#!/usr/bin/env node
/** tstop: the dashboard; without a terminal, the table once. */
import { setFlagsFromString } from 'node:v8';
import { CommanderError, program } from 'commander';
import { commandLineError, VERSION } from './program.ts';

// A frame's garbage dies young: with room to grow, V8 keeps 30 MB of it around before it looks.
setFlagsFromString('--semi-space-growth-factor=1');

interface TstopFlags {
  mount?: string;
  delay: string;
  color: boolean;
  mouse: boolean;
  readonly?: boolean;
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
  .option('--readonly', 'change nothing: no limits, freezing, signals or undo')
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(commandLineError('tstop', text)) })
  .exitOverride()
  .action(async (options: TstopFlags) => {
    const { PROC, openHierarchy, planContext } = await import('./context.ts');
    if (!process.stdout.isTTY || !process.stdin.isTTY) {
      const { ls } = await import('./commands/ls.ts');
      return ls({ sort: 'cpu_percent', delay: options.delay }, options);
    }
    const { secondsOption } = await import('./options.ts');
    const { runTstop } = await import('../dashboard/run.ts');
    const seconds = secondsOption('--delay', options.delay);
    const colour = options.color && !process.env.NO_COLOR;
    const hierarchy = openHierarchy(options);
    const { openJournal, stateDirectory } = await import('../limits/journal.ts');
    const acting = { context: () => planContext(hierarchy), journal: openJournal(stateDirectory()) };
    await runTstop({
      hierarchy,
      proc: PROC,
      seconds,
      colour,
      mouse: options.mouse,
      ...(options.readonly ? {} : { acting }),
    });
    process.exit();
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    const { errorLine, exitCodeOf } = await import('./errors.ts');
    console.error(errorLine('tstop', error));
    process.exitCode = exitCodeOf(error);
  }
}
