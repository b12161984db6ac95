/** Files that options name: certificates, tokens, passwords. Each throws UsageError with what is wrong. */

import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { codeOf } from '../kernel/error-code.ts';
import { fileStamp } from '../kernel/file-stamp.ts';
import { isLoopback } from '../kernel/ip-address.ts';
import { readRegularFileSync, UnfitFileError } from '../kernel/regular-file.ts';
import { clean } from '../text/clean.ts';
import { errorText } from '../text/error-text.ts';
import { UsageError } from './errors.ts';
import { warn } from './output.ts';

const MOST_BYTES = 1 << 20;

/** Of a path at which nothing is. */
const NOT_THERE: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'];

/** `isSecret`: what is given in place of a path may be the secret itself, so that it is shown only where a file is there. */
export function fileOption(flag: string, path: string, isSecret = false): string {
  try {
    return readRegularFileSync(path, MOST_BYTES);
  } catch (error) {
    const code = codeOf(error);
    if (isSecret && NOT_THERE.includes(code))
      throw new UsageError(`${flag}: ${code}: give the path of a file that holds it, not the secret itself`);
    throw new UsageError(`${flag} ${clean(path)}: ${whyUnread(error)}`);
  }
}

function whyUnread(error: unknown): string {
  if (error instanceof UnfitFileError) return 'it is no regular file of at most 1 MiB: give the path of one';
  const code = codeOf(error);
  if (NOT_THERE.includes(code)) return `${code} (nothing is there: give the path of a file)`;
  if (code === 'EACCES' || code === 'EPERM')
    return `${code} (this user may not read it: run as its owner or as root, or let this user read it)`;
  return code ?? errorText(error);
}

/** The authorities that are believed. TLS takes any text for them, and then believes nobody. */
export function authorityOption(flag: string, path: string): string {
  const pem = fileOption(flag, path);
  try {
    new X509Certificate(pem);
  } catch {
    throw new UsageError(`${flag} ${clean(path)}: it holds no certificate in PEM, -----BEGIN CERTIFICATE-----`);
  }
  return pem;
}

/** RFC 6750: what a bearer token is made of. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
const OTHERS_READ = 0o004;

function warnOfReaders(path: string): void {
  if ((statSync(path).mode & OTHERS_READ) !== 0)
    warn(`tscg: ${clean(path)} can be read by every user of this machine: chmod o= ${clean(path)}`);
}

export function tokenOption(flag: string, path: string): string {
  const token = fileOption(flag, path, true).trim();
  if (!TOKEN.test(token))
    throw new UsageError(
      `${flag} ${clean(path)}: ${token === '' ? 'it is empty' : 'it holds no token'}; a token is one line of letters, digits and -._~+/: openssl rand -hex 32 > FILE`,
    );
  warnOfReaders(path);
  return token;
}

/**
 * Reads the files at once, and gives what was read; it reads anew when one of them is another than before. Where that cannot be
 * used, as while only the certificate of a pair is replaced, it is told, and what was read before holds.
 */
export function keptUp<T>(paths: readonly string[], read: () => T, tell: (text: string) => void = warn): () => T {
  const stampOf = (): string => paths.map(fileStamp).join();
  let [stamp, value] = [stampOf(), read()];
  return () => {
    const now = stampOf();
    if (now === stamp) return value;
    stamp = now;
    try {
      value = read();
    } catch (error) {
      tell(`tscg: ${errorText(error)}; until that is mended, what was there before holds`);
    }
    return value;
  };
}

export const hasSecret = (headers: Readonly<Record<string, string>>): boolean =>
  Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');

/** Whoever is on the way reads what goes over plain HTTP. */
export function tellInClear(url: URL, isSecret: boolean, tell: (text: string) => void = warn): void {
  if (isSecret && url.protocol === 'http:' && !isLoopback(url.hostname))
    tell('tscg: the token or password goes over the network as it is: give an https URL');
}

/** One line `USER:PASSWORD`, as it is encoded in a header. */
export function basicOption(flag: string, path: string): string {
  const line = fileOption(flag, path, true).replace(/\r?\n$/, '');
  if (!/^[^:\n]+:[^\n]*$/.test(line)) throw new UsageError(`${flag} ${clean(path)}: it is not one line USER:PASSWORD`);
  warnOfReaders(path);
  return `Basic ${Buffer.from(line).toString('base64')}`;
}
