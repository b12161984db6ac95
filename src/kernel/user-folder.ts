/** Where a user keeps files, as the XDG Base Directory Specification has it. */

import { userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * `$XDG_STATE_HOME` and its like, where it is an absolute path, as the specification asks; else `below` the user's home. That is
 * `/` for a user whom nothing gives one, as for a uid of a container that no passwd has. `listedHome`: what passwd says; throws
 * where it does not.
 */
export function userFolder(
  given: string | undefined,
  below: string,
  { HOME }: NodeJS.ProcessEnv,
  listedHome = (): string => userInfo().homedir,
): string {
  if (given && isAbsolute(given)) return given;
  if (HOME && isAbsolute(HOME)) return join(HOME, below);
  try {
    return join('/', listedHome(), below);
  } catch {
    return join('/', below);
  }
}
