/**
 * What the kernel refuses of what is written to a limit's file, by file and errno: cpu, cpuset, memory, io, hugetlb, pids,
 * misc, PSI.
 */

import type { RefusalRow } from './refusal.ts';

export const LIMIT_REFUSALS: readonly RefusalRow[] = [
  // kernel/sched/core.c, kernel/cgroup/cpuset.c.
  {
    on: 'write',
    files: ['cpu.max'],
    codes: 'EINVAL',
    reason: 'a quota is at least 1ms and at least cpu.max.burst, a period from 1ms to 1s',
    remedy: 'lower cpu.max.burst first, or give a larger quota',
  },
  {
    on: 'write',
    files: ['cpu.max.burst'],
    codes: 'EINVAL',
    reason: 'a burst is at most the quota of cpu.max',
    remedy: 'raise cpu.max first, or give a smaller burst',
  },
  {
    on: 'write',
    files: ['cpu.weight', 'cpu.weight.nice'],
    codes: 'EINVAL',
    reason: 'an idle cgroup has no weight',
    remedy: 'write 0 to cpu.idle first',
  },
  { on: 'write', files: ['cpu.weight'], codes: 'ERANGE', reason: 'a weight is from 1 to 10000' },
  { on: 'write', files: ['cpu.weight.nice'], codes: 'ERANGE', reason: 'a nice value is from -20 to 19' },
  { on: 'write', files: ['cpu.uclamp.*'], codes: 'ERANGE EINVAL', reason: 'a clamp is from 0.00 to 100.00, or max' },
  { on: 'write', files: ['cpu.idle'], codes: 'EINVAL ERANGE', reason: 'the file takes 0 or 1' },
  {
    on: 'write',
    files: ['cpuset.*'],
    codes: 'EBUSY',
    reason: 'deadline tasks of the cgroup need CPUs that the new set lacks',
    remedy: 'keep those CPUs, or give the tasks another scheduler (chrt) first',
  },
  {
    on: 'write',
    files: ['cpuset.*'],
    codes: 'ENOSPC',
    reason: 'tasks run in the cgroup, and the new set would leave them no CPU or memory node',
    remedy: 'name at least one that its parent has',
  },
  {
    on: 'write',
    files: ['cpuset.*'],
    codes: 'EINVAL ERANGE',
    reason: 'the machine or the parent has no such CPU or memory node, or a sibling holds it exclusively',
    remedy: 'see cpuset.cpus.effective of the parent',
  },

  // mm/memcontrol.c.
  {
    on: 'write',
    files: ['memory.reclaim'],
    codes: 'EAGAIN',
    reason: 'the kernel found less to reclaim than was asked: the rest is in use, or there is no swap for it',
  },
  { on: 'write', files: ['memory.reclaim'], codes: 'EINTR', reason: 'a signal ended it before all was reclaimed' },
  {
    on: 'write',
    files: ['memory.*'],
    codes: 'EINVAL',
    reason: 'the file takes bytes, or max where it is a limit',
  },

  // block/: io.max, iocost, bfq. The cgroup's own end gives ENODEV too.
  {
    on: 'write',
    files: ['io.*'],
    codes: 'ENODEV',
    reason: 'there is no such disk, or it is a partition; or the cgroup has just ended',
    remedy: 'name a whole disk, as lsblk --nodeps -o NAME,MAJ:MIN lists them',
  },
  { on: 'write', files: ['io.max'], codes: 'ERANGE EINVAL', reason: 'a rate is at least 2, or max' },
  {
    on: 'write',
    files: ['io.*'],
    codes: 'EBUSY',
    reason: 'the disk is being set up or taken away',
    remedy: 'try again',
  },
  {
    on: 'write',
    files: ['io.weight', 'io.cost.*'],
    codes: 'ENOTSUP',
    reason: 'the disk has no iocost, which weights work by',
    remedy: 'enable it in io.cost.qos of the root cgroup; a disk without a multi-queue driver has none',
  },
  {
    on: 'write',
    files: ['io.bfq.weight'],
    codes: 'ENOTSUP',
    reason: 'the disk does not use the bfq scheduler, which these weights are for',
    remedy: 'echo bfq > /sys/block/DISK/queue/scheduler',
  },
  { on: 'write', files: ['io.weight'], codes: 'EINVAL ERANGE', reason: 'a weight is from 1 to 10000' },
  { on: 'write', files: ['io.bfq.weight'], codes: 'EINVAL ERANGE', reason: 'a weight is from 1 to 1000' },

  // The other controllers.
  {
    on: 'write',
    files: ['hugetlb.*'],
    codes: 'EBUSY',
    reason: 'more of these pages are in use than the limit allows',
    remedy: 'end what uses them first, or give a higher limit',
  },
  { on: 'write', files: ['pids.max'], codes: 'EINVAL', reason: 'the file takes a number from 0 to 4194304, or max' },
  {
    on: 'write',
    files: ['misc.max', 'rdma.max', 'dmem.*'],
    codes: 'EINVAL ENODEV',
    reason: 'this machine has no such resource, or none of it',
    remedy: 'the root cgroup lists them in the .capacity files',
  },

  // PSI: kernel/sched/psi.c.
  {
    files: ['*.pressure'],
    codes: 'ENOTSUP',
    reason: 'pressure is not measured: PSI is off',
    remedy: 'boot with psi=1',
  },
  {
    on: 'write',
    files: ['*.pressure'],
    codes: 'EINVAL',
    reason: 'a window is from 0.5 to 10 seconds, and for who lacks CAP_SYS_RESOURCE a multiple of 2',
  },
];
