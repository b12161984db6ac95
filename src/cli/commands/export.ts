/** tscg export: every workload's figures over HTTP, for Prometheus and what reads its format. */

import { once } from 'node:events';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import { createWriter, type IsWanted } from '../../export/exposition.ts';
import { createInstruments } from '../../export/instruments.ts';
import { createScraper } from '../../export/scraper.ts';
import {
  type Address,
  type Certificate,
  hostAndPort,
  openServer,
  parseAddress,
  type ServerOptions,
} from '../../export/server.ts';
import { isListed } from '../../inventory/workload.ts';
import { codeOf } from '../../kernel/error-code.ts';
import { isLoopback } from '../../kernel/ip-address.ts';
import { openLiveSource, type Source } from '../../metrics/source.ts';
import { clean } from '../../text/clean.ts';
import { errorText } from '../../text/error-text.ts';
import { type GlobalOptions, openHierarchy } from '../context.ts';
import { UsageError } from '../errors.ts';
import { endSignal } from '../exit.ts';
import type { OtlpFlags } from '../otlp-push.ts';
import { print, printLine, warn } from '../output.ts';
import { fileOption, keptUp, tokenOption } from '../secret-file.ts';
import { setV8Flags } from '../v8-flags.ts';

export interface ExportOptions extends Omit<OtlpFlags, 'otlp'> {
  listen: string;
  otlp?: string;
  tlsCert?: string;
  tlsKey?: string;
  bearerTokenFile?: string;
  unprotected?: boolean;
  all?: boolean;
  once?: boolean;
}

export async function exportMetrics(options: ExportOptions, global: GlobalOptions): Promise<void> {
  const isWanted: IsWanted = (workload) => options.all === true || workload.kind === 'root' || isListed(workload);
  const access = accessOf(options);
  const use =
    options.otlp === undefined ? servedBy(options, isWanted, access) : await pushedBy(options, isWanted, access);
  const source = openLiveSource({ hierarchy: openHierarchy(global), watch: !options.once });
  try {
    await use(source);
  } finally {
    source.close();
  }
}

type Use = (source: Source) => Promise<void>;

/** What we ask of whoever scrapes, or show to the receiver; each is read anew where its file is replaced. */
type Access = Pick<ServerOptions, 'tls' | 'token'>;

/** Throws UsageError, as pushedBy does, before anything is read. */
function servedBy(options: ExportOptions, isWanted: IsWanted, access: Access): Use {
  if ((options.header ?? options.tlsCa) !== undefined)
    throw new UsageError('--header and --tls-ca are for a receiver that figures are sent to: give them with --otlp');
  const address = parseAddress(options.listen);
  if (!address)
    throw new UsageError(
      `--listen: "${clean(options.listen)}" is no address; give one as 127.0.0.1:9753, [::1]:9753 or :9753`,
    );
  if (options.once) return (source) => printOnce(source, isWanted);
  refuseOpenDoor(address, options, access);
  return (source) => serve(source, isWanted, { address, ...access, ...(isForAll(options) && { onlyAs: hostname() }) });
}

/** Whether a web page could read it: it knows no token, and what is shown to it over TLS is no certificate of its name. */
const isForAll = ({ unprotected = false, bearerTokenFile, tlsCert }: ExportOptions): boolean =>
  !unprotected && (bearerTokenFile ?? tlsCert) === undefined;

async function pushedBy(options: ExportOptions, isWanted: IsWanted, access: Access): Promise<Use> {
  const { push, pushOptions } = await import('../otlp-push.ts');
  const pushed = pushOptions({ ...options, otlp: options.otlp ?? '' }, access);
  return (source) => push(source, isWanted, pushed);
}

const ONCE_MS = 1000;

/**
 * Prints the text once, for the textfile collector of node_exporter, and to look at. It has nothing of this program itself:
 * node_exporter has figures of those names for itself.
 */
async function printOnce(source: Source, isWanted: IsWanted): Promise<void> {
  await source.next();
  await sleep(ONCE_MS);
  print(createWriter('text', isWanted)(await source.next()).toString());
}

async function serve(
  source: Source,
  isWanted: IsWanted,
  serving: Pick<ServerOptions, 'address' | 'onlyAs'> & Access,
): Promise<void> {
  setV8Flags('largeGarbage');
  // So that the first scrape has a Frame to compare with.
  await source.next();
  const instruments = createInstruments();
  const server = await openServer({
    ...serving,
    scraper: createScraper({ source, instruments, isWanted }),
    instruments,
    onError: (text) => warn(`tscg: the cgroups could not be read: ${clean(text)}`),
  }).catch((error: unknown) => {
    throw new Error(`cannot listen on ${hostAndPort(serving.address)}: ${bindReason(error)}`);
  });
  printLine(`listening on ${serving.tls ? 'https' : 'http'}://${hostAndPort(server.bound)}/metrics`);
  await once(endSignal(), 'abort');
  await server.close();
}

function bindReason(error: unknown): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return 'EADDRINUSE (another program listens there; give another port with --listen)';
    case 'EACCES':
      return 'EACCES (a port below 1024 takes root or CAP_NET_BIND_SERVICE)';
    case 'EADDRNOTAVAIL':
      return 'EADDRNOTAVAIL (no interface of this machine has that address)';
    case 'ENOTFOUND':
      return 'ENOTFOUND (no such host name)';
    default:
      return codeOf(error) ?? errorText(error);
  }
}

/** Names, images and usage of all workloads are not for everybody who reaches the port. */
function refuseOpenDoor(address: Address, options: ExportOptions, { token, tls }: Access): void {
  if (isLoopback(address.host) || options.unprotected) return;
  if (token === undefined)
    throw new UsageError(
      `--listen ${options.listen}: anyone who reaches it could read names, images and usage of every workload; give --bearer-token-file, or --unprotected where that is meant`,
    );
  if (!tls) warn('tscg: the token goes over the network as it is: give --tls-cert and --tls-key');
}

/** Throws UsageError. */
function accessOf({ bearerTokenFile: path, tlsCert, tlsKey }: ExportOptions): Access {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError('--tls-cert and --tls-key go together: give both');
  return {
    ...(path !== undefined && { token: keptUp([path], () => tokenOption('--bearer-token-file', path)) }),
    ...(tlsCert !== undefined &&
      tlsKey !== undefined && { tls: keptUp([tlsCert, tlsKey], () => certificateIn(tlsCert, tlsKey)) }),
  };
}

function certificateIn(tlsCert: string, tlsKey: string): Certificate {
  const files = { cert: fileOption('--tls-cert', tlsCert), key: fileOption('--tls-key', tlsKey, true) };
  try {
    createSecureContext(files);
  } catch (error) {
    throw new UsageError(
      `--tls-cert ${clean(tlsCert)} and --tls-key ${clean(tlsKey)}: ${errorText(error)}; both are PEM files, and the key is that of the certificate`,
    );
  }
  return files;
}
