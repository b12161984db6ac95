/** Options of the commands that can show many machines: where their figures are, and how to get in. */
import type { StoreOptions } from '../fleet/store.ts';
import { UsageError } from './errors.ts';
import { headerOption, urlOption } from './options.ts';
import { authorityOption, basicOption, tokenOption } from './secret-file.ts';

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
  const url = urlOption('--prometheus', prometheus, 'http://prometheus:9090');
  if (url.search !== '')
    throw new UsageError('--prometheus: what follows the ? would not be sent: give a key with --header');
  const token = tokenOption('--bearer-token-file', bearerTokenFile);
  const authorization = token === undefined ? basicOption('--basic-auth-file', basicAuthFile) : `Bearer ${token}`;
  return {
    url: url.href,
    ...(authorization === undefined ? {} : { authorization }),
    ...(tlsCa === undefined ? {} : { ca: authorityOption('--tls-ca', tlsCa) }),
    headers: Object.fromEntries(header.map(headerOption)),
  };
}
