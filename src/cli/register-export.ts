/** The command that gives figures to other programs: export. */

import { type Command, Option } from 'commander';

export function registerExport(program: Command): void {
  program
    .command('export')
    .description(
      'serve usage, limits, pressure and verdicts of every workload to Prometheus (OpenMetrics over HTTP) until Ctrl-C, or send them to a receiver of OpenTelemetry; one scrape is one pass',
    )
    .option('--listen <address>', 'listen on 127.0.0.1:9753, [::1]:9753, or :9753 for every address', '127.0.0.1:9753')
    .option(
      '--tls-cert <file>',
      'serve HTTPS with this certificate (PEM, with the chain), read anew when it is replaced; with --otlp, show it to the receiver',
    )
    .option('--tls-key <file>', 'the key of --tls-cert (PEM)')
    .option(
      '--bearer-token-file <file>',
      'answer only requests with the token that this file holds, read anew when it is replaced; with --otlp, send it',
    )
    .option(
      '--unprotected',
      'listen beyond loopback without a token, and answer by whatever name is asked for: whoever reaches the port may read',
    )
    .addOption(
      new Option(
        '--otlp <url>',
        'in place of listening, send to a receiver of OTLP over HTTP, as http://collector:4318',
      ).conflicts(['listen', 'unprotected', 'once']),
    )
    .option('--interval <time>', 'with --otlp: time between two passes', '15s')
    .option(
      '--header <line>',
      'with --otlp: send this header too, as "X-Scope-OrgID: shop"',
      (line: string, all: string[] = []) => [...all, line],
    )
    .option('--tls-ca <file>', 'with --otlp: trust certificates of this authority (PEM)')
    .option('-a, --all', 'export slices, monitors and inner cgroups too')
    .option('-1, --once', "print the text once and end, as for node_exporter's textfile collector")
    .action(async (options, command: Command) =>
      (await import('./commands/export.ts')).exportMetrics(options, command.optsWithGlobals()),
    );
}
