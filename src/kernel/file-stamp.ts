/** What tells that another file is at a path than before, or the same one with another content. */

import { statSync } from 'node:fs';

/** '' where nothing is there, or it cannot be looked at. */
export function fileStamp(path: string): string {
  try {
    // An Error that is made for each file that is not there costs ten times the stat.
    const status = statSync(path, { throwIfNoEntry: false });
    return status ? `${status.dev} ${status.ino} ${status.size} ${status.ctimeMs}` : '';
  } catch {
    return '';
  }
}
