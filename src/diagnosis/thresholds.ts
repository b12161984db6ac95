/**
 * From where on a figure means something. All of them are here, so that a bench can be run against others. Times are
 * milliseconds of each second, shares are 0 to 1.
 */
export const THRESHOLDS = {
  /** Throttled by cpu.max: so long, and so much of (usage + throttled). */
  throttled: 50,
  throttledShare: 0.1,
  /** Waiting for a CPU behind others: so long, and so much of (usage + wait). */
  cpuWait: 50,
  cpuWaitShare: 0.1,
  /** Waiting for a CPU behind its own threads. */
  selfCpu: 100,
  /** Steal of the CPUs that the victim may use. */
  stealShare: 0.05,
  /** Milliseconds that a thread waits on an idle CPU for its turn, at least, where the CPU is late; waking it takes less. */
  lateTurn: 0.5,
  /** A wait with nobody on the same CPU is a late virtual CPU from this share of (usage + wait) on. */
  lateShare: 0.25,
  /** Some task waited for io. */
  ioSome: 100,
  /** Share of a limit of io.max from which on it binds; and where so much of an operation's time passes before the disk. */
  atLimit: 0.95,
  nearLimit: 0.5,
  beforeDisk: 0.4,
  /** A disk is busy from this share of its queue's depth, or of the time, on. */
  queueShare: 0.8,
  /** Samples in which the victim's threads wait for a place in a disk's queue, of those in which they wait for io. */
  placeShare: 0.2,
  /** Samples in which the victim's threads wait for a flush, of all. */
  flushShare: 0.15,
  /** Some task waited for memory; or pages refaulted a second, at least and as a share of its pages. */
  memorySome: 50,
  refaults: 200,
  refaultShare: 0.02,
  /** Share of the inflow below the level that binds. */
  ownInflow: 0.7,
  /** Packets sent again, of those sent; dropped, of those received. */
  retransmitShare: 0.02,
  dropShare: 0.01,
  linkShare: 0.9,
  /** Share of the lost time: of one suspect; of each of two. */
  blame: 0.5,
  blameOfTwo: 0.3,
  /** A named suspect has so many times the blame of the next that is not named. */
  separation: 1.5,
  /** A suspect has more than so many times its nominal share. */
  aboveShare: 1.1,
  /** The wait comes in bursts where its mean, weighted by itself, is so many times its mean. */
  burst: 1.25,
  /** A suspect shares the victim's CPU in so many of the samples in which the victim is runnable. */
  company: 0.1,
  /** Go down to a child that has so much of its parent's blame. */
  goDown: 0.6,
  /** A suspect of less confidence than `likely` is called possible; one of less than `possible` is not named. */
  likely: 0.6,
  possible: 0.4,
} as const;
