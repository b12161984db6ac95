import { readFileSync } from 'node:fs';

const { version }: { version?: unknown } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

/** Of this package. */
export const VERSION = String(version);
