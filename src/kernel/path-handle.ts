/** O_PATH: a handle on a place in the file system by which nothing is read, written, waited for or triggered. */

import type { FileHandle } from 'node:fs/promises';

/** Which node:fs does not name; the same number wherever Node runs on Linux. */
export const O_PATH = 0o10000000;

/** The path by which the kernel opens, lists or examines the very inode that the handle refers to. */
export const throughHandle = ({ fd }: FileHandle): string => `/proc/self/fd/${fd}`;

/** `/proc/7/root/var/lib` is `/var/lib` beneath `/proc/7/root`: that link alone leads into another mount namespace. */
export function splitAtRoot(path: string): readonly [root: string, within: string] {
  const [, root = '/', within = path] = /^(\/proc\/\d+\/root)(?=\/|$)(.*)$/.exec(path) ?? [];
  return [root, within];
}
