/** Options of the commands that can show many machines: where their figures are, and how to get in. */
import type { StoreOptions } from '../fleet/store.ts';
import { clean } from '../text/clean.ts';
import { UsageError } from './errors.ts';
import { basicOption, fileOption, tokenOption } from './secret-file.ts';

export interface FleetOptions {
  prometheus?: string;
  bearerTokenFile?: string;
  basicAuthFile?: string;
  tlsCa?: string;
  header?: string[];
}

/** Throws UsageError. */
export function storeOptions(options: FleetOptions): StoreOptions {
  const { prometheus, bearerTokenFile, basicAuthFile, tlsCa, header = [] } = options;
  if (prometheus === undefined)
    throw new UsageError('--bearer-token-file, --basic-auth-file, --tls-ca and --header go with --prometheus');
  if (bearerTokenFile && basicAuthFile)
    throw new UsageError('--bearer-token-file and --basic-auth-file: give one of them');
  const token = tokenOption('--bearer-token-file', bearerTokenFile);
  const authorization = token === undefined ? basicOption('--basic-auth-file', basicAuthFile) : `Bearer ${token}`;
  return {
    url: urlOption(prometheus),
    ...(authorization === undefined ? {} : { authorization }),
    ...(tlsCa === undefined ? {} : { ca: fileOption('--tls-ca', tlsCa) }),
    headers: Object.fromEntries(header.map(headerOption)),
  };
}

function urlOption(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new UsageError(`--prometheus: "${clean(text)}" is no URL; give one as http://prometheus:9090`);
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    throw new UsageError('--prometheus: user or password in the URL are not as a URL has them: a % is written %25');
  }
  return url.href;
}

function headerOption(text: string): [string, string] {
  const [, name, value] = /^([A-Za-z0-9-]+):\s*([\x20-\x7e]+)$/.exec(text) ?? [];
  if (!name || !value)
    throw new UsageError(`--header: "${clean(text)}" is no header; give one as "X-Scope-OrgID: shop"`);
  return [name, value];
}
