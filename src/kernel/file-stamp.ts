/** What tells that another file is at a path than before, or the same one with another content. */

import { statSync } from 'node:fs';

/** '' where nothing is there, or it cannot be looked at. */
export function fileStamp(path: string): string {
  try {
    const { dev, ino, size, ctimeMs } = statSync(path);
    return `${dev} ${ino} ${size} ${ctimeMs}`;
  } catch {
    return '';
  }
}
