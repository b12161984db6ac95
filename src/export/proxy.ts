/**
 * The proxy through which a URL is asked, by the variables that curl and the programs of Prometheus go by, in small letters or in
 * capitals:
 *
 *     http_proxy, https_proxy   of the URLs of that scheme, as http://user:password@proxy:3128
 *     all_proxy                 where the one of the scheme is not set
 *     no_proxy                  what is asked directly: example.com and what is below it, web:9090, 10.0.0.0/8, *
 *
 * This machine itself is always asked directly.
 */

import { BlockList, isIP, isIPv6 } from 'node:net';
import { isLoopback } from '../kernel/ip-address.ts';
import { clean } from '../text/clean.ts';

export interface ProxyServer {
  readonly url: URL;
  /** For messages: its address without user and password, and the variable that names it. */
  readonly name: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined where the URL is asked directly. Throws where the variable holds no proxy that can be used. */
export function proxyFor(target: URL, env: Environment): ProxyServer | undefined {
  const own = `${target.protocol.slice(0, -1)}_proxy`;
  const variable = [own, own.toUpperCase(), 'all_proxy', 'ALL_PROXY'].find((name) => env[name]);
  if (variable === undefined || isLoopback(target.hostname)) return undefined;
  if (isDirect(target, env.no_proxy || env.NO_PROXY || '')) return undefined;
  const text = env[variable] ?? '';
  const whole = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new Error(`${variable} does not name an HTTP proxy; give one as http://proxy:3128`);
  return { url, name: `${clean(url.origin)} (${variable})` };
}

export const portOf = ({ port, protocol }: URL): string => port || (protocol === 'https:' ? '443' : '80');

/** Of IPv6 without the brackets that a URL has. */
export const unbracketed = (name: string): string => name.toLowerCase().replace(/^\[|\]$/g, '');

const isDirect = (target: URL, list: string): boolean =>
  list.split(/[\s,]+/).some((entry) => entry === '*' || isInSubnet(target, entry) || isNamed(target, entry));

function isInSubnet(target: URL, entry: string): boolean {
  const [address = '', bits] = entry.split('/');
  const host = unbracketed(target.hostname);
  if (bits === undefined || isIP(host) === 0 || isIP(host) !== isIP(address)) return false;
  const subnet = new BlockList();
  const family = isIPv6(host) ? 'ipv6' : 'ipv4';
  try {
    subnet.addSubnet(address, Number(bits), family);
  } catch {
    return false;
  }
  return subnet.check(host, family);
}

/** `example.com`, `.example.com`, `*.example.com`, `10.0.0.1`, `::1`, and a port behind any of them: `[::1]:9090`. */
function isNamed(target: URL, entry: string): boolean {
  const [, named = entry, port] = /^([^:]*|\[.*\]):(\d+)$/.exec(entry) ?? [];
  const name = unbracketed(named).replace(/^\*?\./, '');
  const host = unbracketed(target.hostname);
  if (name === '' || (port !== undefined && port !== portOf(target))) return false;
  return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`));
}
