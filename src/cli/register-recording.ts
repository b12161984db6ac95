/** The commands about the past: record. */
import type { Command } from 'commander';

export function registerRecording(program: Command): void {
  program
    .command('record')
    .description('record what runs and what it uses, second by second, until it is ended; tstop --replay shows it')
    .option('--to <directory>', 'folder of the files: /var/lib/tscg/recording for root by default')
    .option('--interval <time>', 'between two moments', '1s')
    .option('--keep-for <time>', 'remove what is older', '24h')
    .option('--keep-size <size>', 'remove the oldest files beyond so much', '1G')
    .option('--min-free <size>', 'leave so much of the disk free, else do not record', '1G')
    .action(async (options, command: Command) =>
      (await import('./commands/record.ts')).record(options, command.optsWithGlobals()),
    );
}
