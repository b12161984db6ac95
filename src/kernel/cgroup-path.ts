/** Paths beneath the mount, as /proc/PID/cgroup has them: `/`, `/a/b`. */

/** Whether a cgroup is `ancestor` or lies below it. One whose path is not known lies nowhere. */
export const isWithin = (path: string | undefined, ancestor: string): boolean =>
  path !== undefined && (ancestor === '/' || path === ancestor || path.startsWith(`${ancestor}/`));

/** Ancestors of a path, nearest first, the root last. */
export function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let at = path; at !== '/'; ) {
    at = parentOf(at);
    ancestors.push(at);
  }
  return ancestors;
}

/** The parent of `/` is `/`. */
export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

/** The name of the cgroup in its parent; empty for the root. */
export const lastComponent = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Whether one cgroup is the other or lies below it. */
export const areNested = (path: string, other: string): boolean => isWithin(path, other) || isWithin(other, path);
