/**
 * The links in /proc/PID/ns: `pid:[4026531836]`. Two processes with the same inode share the namespace.
 */

export interface NamespaceLink {
  /** `cgroup`, `ipc`, `mnt`, `net`, `pid`, `time`, `user` or `uts`. */
  readonly type: string;
  readonly inode: number;
}

/** undefined for a text that is no such link. */
export function parseNamespaceLink(text: string): NamespaceLink | undefined {
  const [, type, inode] = /^([a-z]+):\[(\d+)\]$/.exec(text.trim()) ?? [];
  return type === undefined ? undefined : { type, inode: Number(inode) };
}

/** Inodes that the kernel gives its first namespaces (include/linux/proc_ns.h). mnt and net have none that is fixed. */
export const INITIAL_NAMESPACES: Readonly<Record<string, number>> = {
  ipc: 0xefffffff,
  uts: 0xeffffffe,
  user: 0xeffffffd,
  pid: 0xeffffffc,
  cgroup: 0xeffffffb,
  time: 0xeffffffa,
};
