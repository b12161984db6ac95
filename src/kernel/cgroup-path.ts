/** Paths beneath the mount, as /proc/PID/cgroup has them: `/`, `/a/b`. */

/** Whether a cgroup is this one or lies below it; nothing is where it is not known. */
export const isWithin = (path: string | undefined, ancestor: string): boolean =>
  path !== undefined && (ancestor === '/' || path === ancestor || path.startsWith(`${ancestor}/`));

/** Ancestors of a path, nearest first, the root last. */
export function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let at = path; at !== '/'; ) {
    at = at.slice(0, at.lastIndexOf('/')) || '/';
    ancestors.push(at);
  }
  return ancestors;
}
