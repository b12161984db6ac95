/**
 * Lists of controllers: cgroup.controllers (what may be enabled) and cgroup.subtree_control (what children have).
 *
 *     cpuset cpu io memory hugetlb pids rdma misc
 *
 * subtree_control is written as `+memory -io`, all or nothing.
 */

/**
 * The domain controllers, which count whole processes and which a cgroup with processes cannot enable for its children; cpu,
 * cpuset, pids and perf_event are threaded ones (Documentation/admin-guide/cgroup-v2.rst, "Threads").
 */
export const DOMAIN_CONTROLLERS: ReadonlySet<string> = new Set(['memory', 'io', 'hugetlb', 'misc', 'rdma', 'dmem']);

/** The names in either file, possibly none. */
export const parseControllers = (text: string): string[] => text.split(/\s+/).filter((name) => name !== '');

/** What to write to cgroup.subtree_control: it leads from what is enabled to what is wanted; undefined where nothing changes. */
export function formatSubtreeControl(enabled: readonly string[], wanted: readonly string[]): string | undefined {
  const words = [
    ...wanted.filter((name) => !enabled.includes(name)).map((name) => `+${name}`),
    ...enabled.filter((name) => !wanted.includes(name)).map((name) => `-${name}`),
  ];
  return words.length === 0 ? undefined : words.join(' ');
}
