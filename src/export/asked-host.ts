/**
 * The Host header of a request against DNS rebinding: the owner of a web page can have its name lead to 127.0.0.1, and a browser
 * on this machine then lets the page read what listens there. The browser says that name in the header. A page has no address for
 * its name, nor `localhost`, nor the name of this machine.
 */

import { isIP } from 'node:net';

/** `web-1`, `127.0.0.1` or `[::1]`, and a port where it is not that of the scheme. */
const HOST = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d+)?$/i;

/** Whether no web page can have asked with that header. HTTP/1.0 may go without one, which no browser does. */
export function isAskedLocally(header: string | undefined, machine: string): boolean {
  if (header === undefined) return true;
  const [, ip6 = '', name = ''] = HOST.exec(header) ?? [];
  return isIP(ip6) === 6 || isIP(name) === 4 || ['localhost', machine.toLowerCase()].includes(name.toLowerCase());
}
