/** The flags of fleet-options.ts, light enough for every start. */
import type { Command } from 'commander';
import type { FleetOptions } from './fleet-options.ts';

/** Whether many machines are meant, or a flag was given that goes with them. */
export const asksForFleet = ({ prometheus, bearerTokenFile, basicAuthFile, tlsCa, header }: FleetOptions): boolean =>
  (prometheus ?? bearerTokenFile ?? basicAuthFile ?? tlsCa ?? header) !== undefined;

export const addFleetOptions = (command: Command): Command =>
  command
    .option(
      '--prometheus <url>',
      'show all machines whose figures (tscg export) a Prometheus, Thanos, Mimir or VictoriaMetrics has',
    )
    .option('--bearer-token-file <file>', 'its token')
    .option('--basic-auth-file <file>', 'or USER:PASSWORD for it')
    .option('--tls-ca <file>', 'the authority of its certificate (PEM)')
    .option(
      '--header <line>',
      'send it this header too, as "X-Scope-OrgID: shop"',
      (line: string, all: string[] = []) => [...all, line],
    );
