/**
 * What the kernel refuses: one row an operation, file and errno, with the reason and what to do about it; the first that fits
 * counts. From cgroup-v2.rst, kernel/cgroup/, mm/memcontrol.c, kernel/sched/, block/ and the manuals of clone, mount, pivot_root,
 * user_namespaces and pidfd_open.
 */

import { shellWord } from '../text/shell-word.ts';
import { LIMIT_REFUSALS } from './limit-refusals.ts';
import type { RefusalRow, RefusedCall } from './refusal.ts';
import { rightsRemedy } from './rights.ts';

const delegated = (): string => rightsRemedy('in a cgroup delegated to you');
const controllers = ({ path = '/' }: RefusedCall): string => `see tscg controllers ${shellWord(path)}`;

const ANY_FILE = 'read write find mkdir rmdir';
const MEMBERS = ['cgroup.procs', 'cgroup.threads'];
export const REFUSALS: readonly RefusalRow[] = [
  // A process into a cgroup: kernel/cgroup/cgroup.c, cgroup_attach_permissions; clone3 with CLONE_INTO_CGROUP asks the same.
  {
    on: 'clone3',
    codes: 'EBUSY',
    reason: 'the cgroup enables memory, io or the like for cgroups below it, so it may hold no processes',
    remedy: 'name a cgroup below it',
  },
  {
    on: 'write',
    files: MEMBERS,
    codes: 'EBUSY',
    reason:
      'the cgroup enables memory, io or the like for cgroups below it, so it may hold no processes, or a process has a deadline that the CPUs there cannot keep',
    remedy: 'name a cgroup below it',
  },
  {
    on: 'write',
    files: ['cgroup.threads'],
    codes: 'ENOTSUP',
    reason: 'a thread moves only between the cgroups of one threaded domain',
    remedy: 'move its whole process with cgroup.procs',
  },
  {
    on: 'write clone3',
    files: [...MEMBERS, '', '*namespaces'],
    codes: 'ENOTSUP',
    reason: 'the cgroup is threaded, or below a threaded one ("domain invalid"): it takes no processes',
    remedy: 'name the domain above it',
  },
  {
    on: 'write',
    files: MEMBERS,
    codes: 'EINVAL',
    reason:
      'the kernel does not move it: a kernel thread, a process that has only just begun, or a real-time task where the cgroup has no real-time share',
    remedy: 'try again; a kernel thread stays in the root cgroup',
  },
  {
    on: 'write',
    files: MEMBERS,
    codes: 'ENOSPC',
    reason: 'the cgroup has no CPU or memory node that is online',
    remedy: 'set its cpuset.cpus and cpuset.mems first',
  },
  { on: 'write', files: MEMBERS, codes: 'ESRCH', reason: 'the process has ended' },
  {
    on: 'write',
    files: MEMBERS,
    codes: 'EACCES EPERM',
    reason: 'moving a process takes write access to cgroup.procs of the cgroup above both',
    remedy: () => rightsRemedy('within a cgroup delegated to you'),
  },
  {
    on: 'clone3',
    codes: 'EACCES',
    reason: 'a process is put into a cgroup by who may write cgroup.procs of the cgroup above it and us',
    remedy: () => rightsRemedy('from within a cgroup delegated to you'),
  },
  {
    on: 'write clone3',
    files: [...MEMBERS, '', '*namespaces'],
    codes: 'ENOENT',
    reason: 'the process or the cgroup is outside our cgroup namespace, or the cgroup has ended',
    remedy: 'see tscg doctor',
  },

  // Processes and namespaces.
  {
    on: 'clone3',
    codes: 'EAGAIN',
    reason:
      "no more processes are allowed: the user's limit (ulimit -u), kernel.threads-max or kernel.pid_max is reached",
    remedy: 'raise that limit, or end processes',
  },
  {
    on: 'clone3',
    files: ['namespaces'],
    codes: 'EPERM',
    reason: 'namespaces are made by root, or in a user namespace of their own',
    remedy: () => rightsRemedy('add --user'),
  },
  {
    on: 'clone3',
    files: ['user namespaces'],
    codes: 'EPERM',
    reason:
      'user namespaces are switched off for who is not root (kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)',
    remedy: () => rightsRemedy(),
  },
  {
    on: 'clone3 step',
    files: ['*namespaces', 'unshare*'],
    codes: 'ENOSPC EUSERS',
    reason: 'no more namespaces of these kinds may be made here',
    remedy: 'raise /proc/sys/user/max_*_namespaces; user and pid namespaces nest 32 deep at most',
  },
  { on: 'clone3', codes: 'ENOMEM', reason: 'the kernel has no memory for another process', remedy: 'free some first' },
  { on: 'clone3', codes: 'ENODEV', reason: 'the cgroup has just ended' },
  { on: 'signal', codes: 'EPERM', reason: "another user's process may not be signalled", remedy: () => rightsRemedy() },
  { on: 'signal', codes: 'ESRCH', reason: 'the process has ended' },
  { on: 'signal', codes: 'EINVAL', reason: 'the kernel knows no such signal' },
  {
    on: 'map',
    codes: 'EPERM',
    reason: 'the ids may not be mapped into the new user namespace',
    remedy: () => rightsRemedy('leave out --user'),
  },
  { on: 'map', codes: 'EINVAL', reason: 'these ids are not mapped in our own user namespace' },
  { on: 'exec', codes: 'ENOENT', reason: 'no such command' },
  {
    on: 'exec',
    codes: 'EACCES EPERM',
    reason: 'the file may not be run: it is not executable, a folder, or on a file system mounted noexec',
    remedy: 'chmod +x FILE',
  },
  { on: 'exec', codes: 'ENOEXEC', reason: 'the file is no program for this machine' },
  { on: 'exec', codes: 'E2BIG', reason: 'its arguments and the environment are too long together' },
  { on: 'exec', codes: 'ETXTBSY', reason: 'the file is open for writing', remedy: 'try again when it is written' },
  { on: 'exec', codes: 'ELOOP', reason: 'its path goes round in a circle of links' },
  { on: 'exec', codes: 'ENOMEM', reason: 'the kernel has no memory for it' },
  {
    on: 'step',
    files: ['mount overlay*'],
    codes: 'ENODEV',
    reason: 'this kernel has no overlay file system',
    remedy: 'load it with modprobe overlay, or use --rootfs',
  },
  {
    on: 'step',
    files: ['mount overlay*'],
    codes: 'EINVAL ELOOP',
    reason:
      'the folders cannot be laid over: one lies in another, is an overlay twice over, or in a file system that overlay does not take',
    remedy: 'dmesg | tail names the one',
  },
  { on: 'step', files: ['mount*'], codes: 'ENODEV', reason: 'this kernel has no such file system' },
  {
    on: 'step',
    files: ['mount proc*'],
    codes: 'EPERM',
    reason: 'in a user namespace the kernel mounts /proc only where none of the one outside is covered',
    remedy: () => rightsRemedy('leave out --pid'),
  },
  {
    on: 'step',
    files: ['pivot*'],
    codes: 'EINVAL EBUSY',
    reason:
      'the folder cannot become the root: the machine still runs from its initramfs, or its mounts are shared with others',
    remedy: 'use --overlay, or leave out --rootfs',
  },
  { on: 'step', files: ['mount*'], codes: 'EBUSY', reason: 'it is mounted there already' },
  { on: 'step', codes: 'EPERM EACCES', reason: 'not permitted', remedy: () => rightsRemedy('add --user') },
  { on: 'step', codes: 'EROFS', reason: 'the file system is read-only', remedy: 'use --overlay in place of --rootfs' },
  { on: 'step', codes: 'ENOENT ENOTDIR', reason: 'a folder of the path is missing' },
  { on: 'step', codes: 'ENOSPC', reason: 'the file system is full' },
  { on: 'step', codes: 'ENOMEM', reason: 'the kernel has no memory for it' },

  // cgroup.*: kernel/cgroup/cgroup.c.
  {
    on: 'write',
    files: ['cgroup.subtree_control'],
    codes: 'EBUSY',
    reason: 'processes run in the cgroup itself, or a cgroup below it enables the controller for its own children',
    remedy: controllers,
  },
  {
    on: 'write',
    files: ['cgroup.subtree_control'],
    codes: 'ENOENT',
    reason: 'the cgroup does not have the controller, or has ended',
    remedy: controllers,
  },
  {
    on: 'write',
    files: ['cgroup.subtree_control'],
    codes: 'ENOTSUP',
    reason: 'in a threaded tree only cpu, cpuset, pids and perf_event can be enabled',
    remedy: 'use a cgroup outside of that tree',
  },
  {
    on: 'write',
    files: ['cgroup.subtree_control'],
    codes: 'EINVAL',
    reason: 'the kernel has no such controller',
    remedy: 'see tscg doctor',
  },
  {
    on: 'write',
    files: ['cgroup.type'],
    codes: 'EINVAL ENOTSUP EBUSY',
    reason:
      'a cgroup turns "threaded" only without processes and domain controllers below a domain that may hold threads, and never back',
  },
  {
    on: 'write',
    files: ['cgroup.kill'],
    codes: 'ENOTSUP',
    reason: 'a threaded cgroup is killed from its domain',
    remedy: 'name the domain above it',
  },
  { on: 'write', files: ['cgroup.freeze', 'cgroup.kill'], codes: 'EINVAL ERANGE', reason: 'the file takes 0 or 1' },
  { on: 'write', files: ['cgroup.max.*'], codes: 'EINVAL ERANGE', reason: 'the file takes a number from 0, or max' },
  {
    on: 'write',
    files: ['cgroup.freeze', 'cgroup.kill'],
    codes: 'ENOENT',
    reason: 'the root cgroup and kernels before 5.2 (freeze) or 5.14 (kill) have no such file, or the cgroup has ended',
  },

  ...LIMIT_REFUSALS,

  // A cgroup made and removed.
  { on: 'mkdir', codes: 'EEXIST', reason: 'it exists already, or the name is that of an interface file' },
  {
    on: 'mkdir',
    codes: 'EAGAIN',
    reason: 'cgroup.max.descendants or cgroup.max.depth of a cgroup above that is not visible here allows no more',
    remedy: 'run it on the host, or ask who delegated the cgroup',
  },
  {
    on: 'mkdir',
    codes: 'ENOSPC EBUSY',
    reason: 'the kernel has no more than 65535 memory cgroups, removed ones that still hold memory among them',
    remedy: 'sync; echo 3 > /proc/sys/vm/drop_caches lets most removed ones go',
  },
  { on: 'mkdir', codes: 'EINVAL ENAMETOOLONG', reason: 'a name has at most 255 bytes and no line break' },
  { on: 'mkdir', codes: 'ENOENT ENODEV', reason: 'the cgroup above it has ended' },
  { on: 'rmdir', codes: 'EBUSY ENOTEMPTY', reason: 'processes run in it, or there are cgroups below it' },
  { on: 'mkdir rmdir', codes: 'EACCES EPERM', reason: 'not permitted', remedy: delegated },

  // Any file.
  { on: ANY_FILE, codes: 'ENODEV', reason: 'the cgroup has just ended' },
  { on: ANY_FILE, codes: 'ESTALE', reason: 'another cgroup has this path since', remedy: 'look again with tscg ls' },
  { on: ANY_FILE, codes: 'EXDEV', reason: 'the path leaves the hierarchy' },
  { on: 'find rmdir', codes: 'ENOENT', reason: 'there is no such cgroup; it may just have ended' },
  { on: 'read write', files: ['cgroup.*'], codes: 'ENOENT', reason: 'no such cgroup, or the kernel has no such file' },
  {
    on: 'read write',
    codes: 'ENOENT',
    reason: ({ file = '' }) => `no such cgroup, or the ${file.split('.')[0]} controller is not enabled for it`,
    remedy: controllers,
  },
  {
    on: 'write',
    codes: 'EPERM',
    reason: 'not permitted: the limits of the root of a cgroup namespace belong to who made the namespace',
    remedy: delegated,
  },
  { on: ANY_FILE, codes: 'EACCES EPERM', reason: 'not permitted', remedy: delegated },
  {
    on: ANY_FILE,
    codes: 'EROFS',
    reason: 'the hierarchy is mounted read-only here, as in most containers',
    remedy: 'run it on the host',
  },
  { on: 'read', codes: 'EINVAL', reason: 'the file can only be written' },
  {
    on: 'read',
    files: MEMBERS,
    codes: 'ENOTSUP',
    reason: 'a threaded cgroup lists its threads only, in cgroup.threads',
  },
  { on: ANY_FILE, codes: 'ENOTSUP', reason: 'the kernel does not support it for this cgroup, as in a threaded one' },
  { on: ANY_FILE, codes: 'EBUSY', reason: 'it is in use', remedy: 'lower the usage first' },
  { on: ANY_FILE, codes: 'EINVAL ERANGE', reason: 'the kernel refuses the value' },
  {
    on: ANY_FILE,
    codes: 'EMFILE ENFILE',
    reason: 'too many files are open',
    remedy: 'ulimit -n 16384, or raise fs.file-max',
  },
  { on: ANY_FILE, codes: 'ENOMEM', reason: 'the kernel has no memory for it', remedy: 'free some first' },
  { on: ANY_FILE, codes: 'EINTR', reason: 'a signal interrupted it', remedy: 'try again' },
  { on: ANY_FILE, codes: 'ELOOP ENOTDIR', reason: 'the path leads through a link or a file, which no cgroup is' },
  { on: ANY_FILE, codes: 'ENAMETOOLONG', reason: 'a name has at most 255 bytes' },
];
