/** The commands about the past: record, dump, incident. */

import type { Command } from 'commander';

export function registerRecording(program: Command): void {
  program
    .command('record')
    .description(
      'record what runs and what it uses, second by second, until it is ended; tstop --replay shows it. It tells the alerts of config.yaml too',
    )
    .option('--to <directory>', 'folder of the files: /var/lib/tscg/recording for root by default')
    .option('--interval <time>', 'time between two moments', '1s')
    .option('--keep-for <time>', 'keep so much recorded time, and remove the oldest files beyond it', '24h')
    .option('--keep-size <size>', 'remove the oldest files where all of them have more than this', '1G')
    .option('--min-free <size>', 'leave so much of the disk free, and do not record where less is free', '1G')
    .option('--no-looks', 'do not look closer by itself at what suffers, which uses at most 0.5 % of a CPU')
    .action(async (options, command: Command) =>
      (await import('./commands/record.ts')).record(options, command.optsWithGlobals()),
    );

  program
    .command('dump')
    .argument('<file|directory>', 'recording of tscg record or tscg incident')
    .description(
      'print a recording for other programs: a line a workload and moment, columns in the order of tscg metrics',
    )
    .option(
      '--format <format>',
      'csv, jsonl or openmetrics; the last sorts what is long in a temporary file in $TMPDIR, else /var/tmp: 9 GB for a day of 200 cgroups',
      'csv',
    )
    .option('-a, --all', 'print slices, monitors and inner cgroups too')
    .option('--since <time>', 'leave out what is earlier: 03:12, 10m (ago), "2026-11-29 03:12"')
    .option('--until <time>', 'leave out what is later')
    .action(async (path, options) => (await import('./commands/dump.ts')).dump(path, options));

  program
    .command('incident')
    .description(
      'write what was recorded around a moment, the journal of that time and what tscg doctor finds into one file, which tstop --replay opens on any machine',
    )
    .option('--since <time>', 'leave out what is earlier: 03:12, 10m (ago), "2026-11-29 03:12"', '10m')
    .option('--until <time>', 'leave out what is later')
    .option('--from <file|directory>', 'recording to take it from: that of tscg record by default')
    .option('-o, --out <file>', 'file to make')
    .option('--redact', 'put stand-ins for names, arguments, labels and images')
    .action(async (options, command: Command) =>
      (await import('./commands/incident.ts')).incident(options, command.optsWithGlobals()),
    );
}
