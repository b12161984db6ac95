/** A certificate of a server on loopback, which is its own authority. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Why none can be made here; undefined where one can. */
export const noCertificates = spawnSync('openssl', ['version']).error
  ? 'no openssl here to make a certificate'
  : undefined;

/** Paths of the key and of the certificate, in that folder. `name`: as `IP:127.0.0.1`. */
export function certificateIn(folder: string, name = 'IP:127.0.0.1'): { readonly key: string; readonly cert: string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = spawnSync(
    'openssl',
    // biome-ignore format: one command
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', `subjectAltName=${name}`, '-keyout', key, '-out', cert],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`openssl: ${made.error?.message ?? made.stderr}`);
  return { key, cert };
}
