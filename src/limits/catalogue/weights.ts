/**
 * Converts the weights of docker, systemd and BFQ to the kernel's. Vectors: runc#4772 and opencontainers/cgroups utils.go
 * (shares), fs2/io.go (blkio), systemd src/shared/cgroup-setup.h and src/core/cgroup.c (BFQ, CPUShares=).
 */

/** Docker's --cpu-shares, 2 to 262144 with 1024 as the default, as cpu.weight: 1024 is 100 (runc from 1.3.2, crun). */
export function weightOfShares(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/** The cpu.weight that older runtimes make of the same shares: 1024 is 39. */
export const weightOfSharesBefore = (shares: number): number =>
  1 + Math.floor(((Math.min(262_144, Math.max(2, shares)) - 2) * 9999) / 262_142);

/** Docker's --blkio-weight, 10 to 1000, as io.weight. */
export const ioWeightOfBlkio = (weight: number): number => 1 + Math.floor(((weight - 10) * 9999) / 990);

/** io.weight (1 to 10000) as io.bfq.weight (1 to 1000); the default of both is 100. */
export const bfqOfIoWeight = (weight: number): number =>
  weight <= 100 ? weight : 100 + Math.floor(((weight - 100) * 900) / 9900);

/** systemd's CPUShares= (1024 by default) as CPUWeight=. */
export const weightOfCpuShares = (shares: number): number =>
  Math.min(10_000, Math.max(1, Math.floor((shares * 100) / 1024)));

/**
 * Docker's --memory-swap, which is memory and swap together, as memory.swap.max. Infinity is no limit; 0 changes nothing, which
 * is undefined. A reason where the two contradict each other.
 */
export function swapOfTotal(memory: number, total: number): number | { readonly reason: string } | undefined {
  if (total === 0) return undefined;
  if (total === Number.POSITIVE_INFINITY) return total;
  if (memory === Number.POSITIVE_INFINITY) {
    return { reason: 'it is memory and swap together, and memory has no limit; give --memory too, or --swap alone' };
  }
  if (total < memory)
    return { reason: 'it is memory and swap together, and less than the memory limit; give more, or --swap alone' };
  return total - memory;
}
