/** The checkout at a path that every user of the guest may enter: it may lie in a folder that is root's alone. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OPEN = '/run/tscg-checkout';
const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

/** tscg's entry file there. */
export function openTscg(): string {
  const entry = join(OPEN, 'dist/cli/tscg.js');
  if (!existsSync(entry)) {
    mkdirSync(OPEN, { recursive: true, mode: 0o755 });
    execFileSync('mount', ['--bind', CHECKOUT, OPEN]);
  }
  return entry;
}
