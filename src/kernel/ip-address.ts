/** IP addresses as people write them, from their bytes in network order: `172.17.0.2`, `fe80::42:acff:fe11:2` (RFC 5952). */

import { isIPv4 } from 'node:net';

/** Whether only this machine can reach that address or name; of a URL, with the brackets of IPv6. */
export const isLoopback = (host: string): boolean =>
  ['::1', '[::1]', 'localhost'].includes(host) || (isIPv4(host) && host.startsWith('127.'));

/** Of 4 or 16 bytes; undefined for any other length. */
export function addressText(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, group) =>
    (((bytes[2 * group] ?? 0) << 8) | (bytes[2 * group + 1] ?? 0)).toString(16),
  );
  const text = groups.join(':');
  // The first of the longest runs of zeros, of two groups at least, is left out.
  const longest = (text.match(/\b0(?::0)+\b/g) ?? []).reduce(
    (best, run) => (run.length > best.length ? run : best),
    '',
  );
  if (longest === '') return text;
  const at = text.search(new RegExp(`\\b${longest}\\b`));
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}
