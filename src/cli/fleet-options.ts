/** Options of the commands that can show many machines: where their figures are, and how to get in. */

import type { StoreAccess, StoreOptions } from '../fleet/store.ts';
import { UsageError } from './errors.ts';
import { headerOption, urlOption } from './options.ts';
import { authorityOption, basicOption, hasSecret, keptUp, tellInClear, tokenOption } from './secret-file.ts';

export interface FleetOptions {
  prometheus?: string;
  bearerTokenFile?: string;
  basicAuthFile?: string;
  tlsCa?: string;
  header?: string[];
}

/** `tell`: of a secret that others can read on its way, and of a file that was replaced by one that cannot be used. Throws UsageError. */
export function storeOptions(options: FleetOptions, tell?: (text: string) => void): StoreOptions {
  const { prometheus, bearerTokenFile, basicAuthFile, tlsCa, header = [] } = options;
  if (prometheus === undefined)
    throw new UsageError('--bearer-token-file, --basic-auth-file, --tls-ca and --header go with --prometheus');
  if (bearerTokenFile && basicAuthFile)
    throw new UsageError('--bearer-token-file and --basic-auth-file: give one of them');
  const url = withoutPage(urlOption('--prometheus', prometheus, 'http://prometheus:9090'));
  if (url.search !== '')
    throw new UsageError('--prometheus: what follows the ? would not be sent: give a key with --header');
  const headers = Object.fromEntries(header.map(headerOption));
  const isSecret = url.password !== '' || (bearerTokenFile ?? basicAuthFile) !== undefined || hasSecret(headers);
  tellInClear(url, isSecret, tell);
  const files = [bearerTokenFile, basicAuthFile, tlsCa].filter((path) => path !== undefined);
  return {
    url: url.href,
    access: keptUp(files, () => accessIn(options), tell),
    headers,
  };
}

/**
 * The store whose page it is, where the URL is one that a browser shows: `/graph?g0.expr=up` of Prometheus and Thanos,
 * `/query?g0.expr=up` of Prometheus 3, `/vmui/#/?g0.expr=up` of VictoriaMetrics, which as a
 * cluster has /select/0/vmui beside /select/0/prometheus.
 */
function withoutPage(url: URL): URL {
  if (url.hash === '' && !/[?&]g\d+\./.test(url.search)) return url;
  const store = new URL(url);
  [store.search, store.hash] = ['', ''];
  store.pathname = url.pathname
    .replace(/^(\/select\/[^/]+)\/vmui\/*$/, '$1/prometheus/')
    .replace(/\/(graph|query|vmui)\/*$/, '/');
  return store;
}

function accessIn({ bearerTokenFile, basicAuthFile, tlsCa }: FleetOptions): StoreAccess {
  return {
    ...(bearerTokenFile !== undefined && {
      authorization: `Bearer ${tokenOption('--bearer-token-file', bearerTokenFile)}`,
    }),
    ...(basicAuthFile !== undefined && { authorization: basicOption('--basic-auth-file', basicAuthFile) }),
    ...(tlsCa !== undefined && { ca: authorityOption('--tls-ca', tlsCa) }),
  };
}
