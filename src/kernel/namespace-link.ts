/**
 * The links in /proc/PID/ns: `pid:[4026531836]`. Two processes with the same inode share the namespace.
 */

/** The links' names. `pid_for_children` and `time_for_children` are not the namespaces that a process is in. */
export const NAMESPACE_KINDS = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'] as const;
export type NamespaceKind = (typeof NAMESPACE_KINDS)[number];

export interface NamespaceLink {
  readonly type: NamespaceKind;
  readonly inode: number;
}

/** undefined for a text that is no such link. */
export function parseNamespaceLink(text: string): NamespaceLink | undefined {
  const [, type, inode] = /^([a-z]+):\[(\d+)\]$/.exec(text.trim()) ?? [];
  const kind = NAMESPACE_KINDS.find((known) => known === type);
  return kind && { type: kind, inode: Number(inode) };
}

/**
 * Inodes that the kernel gives its first namespaces (enum init_ns_ino of include/uapi/linux/nsfs.h). Those of mnt and net
 * are fixed since 6.18 only. What is made later begins at 0xf0000000.
 */
export const INITIAL_NAMESPACES: Readonly<Record<NamespaceKind, number>> = {
  ipc: 0xefffffff,
  uts: 0xeffffffe,
  user: 0xeffffffd,
  pid: 0xeffffffc,
  cgroup: 0xeffffffb,
  time: 0xeffffffa,
  net: 0xeffffff9,
  mnt: 0xeffffff8,
};
