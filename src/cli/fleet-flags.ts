/** The flags for many machines. Their values are checked by fleet-options.ts, which is loaded only where one is given. */

import type { Command } from 'commander';
import type { FleetOptions } from './fleet-options.ts';

/** Whether any flag for many machines was given. */
export const asksForFleet = ({ prometheus, bearerTokenFile, basicAuthFile, tlsCa, header }: FleetOptions): boolean =>
  (prometheus ?? bearerTokenFile ?? basicAuthFile ?? tlsCa ?? header) !== undefined;

export const addFleetOptions = (command: Command): Command =>
  command
    .option(
      '--prometheus <url>',
      'show all machines whose figures (tscg export) a Prometheus, Thanos, Mimir or VictoriaMetrics has',
    )
    .option('--bearer-token-file <file>', 'with --prometheus: send the token that this file holds')
    .option('--basic-auth-file <file>', 'with --prometheus: send the USER:PASSWORD that this file holds')
    .option('--tls-ca <file>', 'with --prometheus: trust certificates of this authority (PEM)')
    .option(
      '--header <line>',
      'with --prometheus: send this header too, as "X-Scope-OrgID: shop"',
      (line: string, all: string[] = []) => [...all, line],
    );
