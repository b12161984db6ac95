/** Who changes a cgroup's limits, so that the change lasts. One backend a file in this folder. */
import type { Write } from '../plan.ts';

export interface Owner {
  readonly name: 'cgroupfs';
  /** Makes one change. Throws with path, file, value, errno and remedy. */
  write(write: Write): Promise<void>;
}
