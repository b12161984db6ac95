/** tscg export --otlp: sends what is exported to a receiver of OpenTelemetry, in place of listening. */

import { uptime } from 'node:os';
import { METRICS_PATH, type PusherOptions, pushFrames, shownUrl } from '../export/pusher.ts';
import { machineName } from '../kernel/machine-name.ts';
import type { Source } from '../metrics/source.ts';
import { UsageError } from './errors.ts';
import { endSignal } from './exit.ts';
import { headerOption, intervalOption, urlOption } from './options.ts';
import { printLine, warn } from './output.ts';
import { VERSION } from './program.ts';
import { authorityOption, hasSecret, keptUp, tellInClear } from './secret-file.ts';

export interface OtlpFlags {
  otlp: string;
  interval: string;
  header?: string[];
  tlsCa?: string;
}

const LEAST_MS = 1000;

/** All but the source, checked. Throws UsageError. */
export function pushOptions(
  flags: OtlpFlags,
  { token, tls }: Pick<PusherOptions, 'token' | 'tls'>,
): Omit<PusherOptions, 'source' | 'isWanted' | 'signal'> {
  const { tlsCa } = flags;
  const url = urlOption('--otlp', flags.otlp, 'http://collector:4318');
  const base = url.pathname.replace(/\/+$/, '');
  if (!base.endsWith(METRICS_PATH)) url.pathname = `${base}${METRICS_PATH}`;
  if (url.username + url.password !== '')
    throw new UsageError('--otlp: give user and password with --header, not in the URL');
  const headers = Object.fromEntries((flags.header ?? []).map(headerOption));
  tellInClear(url, token !== undefined || hasSecret(headers));
  return {
    ...{ url, sender: { host: machineName(), version: VERSION, booted: Date.now() - uptime() * 1000 } },
    interval: intervalOption(flags.interval, LEAST_MS),
    headers,
    ...(token && { token }),
    ...(tls && { tls }),
    ...(tlsCa !== undefined && { ca: keptUp([tlsCa], () => authorityOption('--tls-ca', tlsCa)) }),
    onNews: (text) => warn(`tscg export: ${text}`),
  };
}

/** Sends Frames until SIGINT or SIGTERM. */
export async function push(
  source: Source,
  isWanted: PusherOptions['isWanted'],
  options: ReturnType<typeof pushOptions>,
): Promise<void> {
  const signal = endSignal();
  // The first Frame that is sent has its rates.
  await source.next();
  printLine(`sending to ${shownUrl(options.url)} every ${options.interval / 1000} s`);
  await pushFrames({ ...options, source, isWanted, signal });
}
