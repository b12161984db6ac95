/** The command that other programs scrape: export. */
import type { Command } from 'commander';

export function registerExport(program: Command): void {
  program
    .command('export')
    .description(
      'serve usage, limits, pressure and verdicts of every workload to Prometheus (OpenMetrics over HTTP) until Ctrl-C; one scrape is one pass',
    )
    .option('--listen <address>', 'where: 127.0.0.1:9753, [::1]:9753, or :9753 for every address', '127.0.0.1:9753')
    .option('--tls-cert <file>', 'serve HTTPS with this certificate (PEM, with the chain)')
    .option('--tls-key <file>', 'and its key (PEM)')
    .option('--bearer-token-file <file>', 'answer only requests with the token that this file holds')
    .option('--unprotected', 'listen beyond loopback without a token: whoever reaches the port may read')
    .option('-a, --all', 'export slices, monitors and inner cgroups too')
    .option('-1, --once', "print the text once and end, as for node_exporter's textfile collector")
    .action(async (options, command: Command) =>
      (await import('./commands/export.ts')).exportMetrics(options, command.optsWithGlobals()),
    );
}
