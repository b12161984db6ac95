/**
 * Which block devices lie on others, from /sys/dev/block/MAJ:MIN (a link to the device's directory):
 *
 *     slaves/             not empty: dm, md, bcache: its bytes are counted again by the devices below
 *     loop/backing_file   a file on another file system
 *     partition           its number: the parent directory is the whole disk
 *
 * The directory's name is the device's: `sda`, `dm-0`, `cciss!c0d0` for cciss/c0d0.
 */

import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readText } from './if-there.ts';

/** What sysfs tells of one block device. */
export interface BlockDevice {
  /** `MAJ:MIN` */
  readonly device: string;
  /** `sda1` */
  readonly name: string;
  /** `MAJ:MIN` of the whole disk, for a partition. */
  readonly disk?: string;
  /** Names of the devices that it is made of. */
  readonly slaves: readonly string[];
  readonly backingFile?: string;
}

/** Its bytes are counted once more by a device below: leave it out of a sum over devices. */
export const isStacked = ({ disk, slaves, backingFile }: BlockDevice): boolean =>
  disk !== undefined || slaves.length > 0 || backingFile !== undefined;

/** undefined where there is no such device, or no sysfs. */
export function readBlockDevice(sysRoot: string, device: string): BlockDevice | undefined {
  if (!/^\d+:\d+$/.test(device)) return undefined;
  const directory = attempt(() => realpathSync(join(sysRoot, 'dev/block', device)));
  if (directory === undefined) return undefined;
  const disk = existsSync(join(directory, 'partition')) ? readLine(join(dirname(directory), 'dev')) : undefined;
  const backingFile = readLine(join(directory, 'loop/backing_file'));
  return {
    device,
    name: basename(directory).replaceAll('!', '/'),
    ...(disk !== undefined && { disk }),
    slaves: attempt(() => readdirSync(join(directory, 'slaves'))) ?? [],
    ...(backingFile !== undefined && { backingFile }),
  };
}

/**
 * Follows which devices lie on others. Each call gives the `MAJ:MIN` of those that do now: the same array where nothing
 * changed, and none where there is no sysfs. A plain disk is looked at once. A device of dm, md, loop or bcache may be set up
 * after it was first seen, so that it is looked at until it lies on another. From then on it counts as one that does until it
 * is removed: otherwise all bytes that it ever moved would come into the sum at once. The kernel counts its events of devices:
 * where it had none since the call before, no device came, went or was set up.
 */
export function createStackedDevices(sysRoot = '/sys'): () => readonly string[] {
  let known = new Map<string, BlockDevice | undefined>();
  let stacked: readonly string[] = [];
  /** The text of a file that is not everywhere. */
  let events = '';
  return () => {
    const eventsNow = readText(join(sysRoot, 'kernel/uevent_seqnum'));
    if (eventsNow !== '' && eventsNow === events) return stacked;
    events = eventsNow;
    const devices = attempt(() => readdirSync(join(sysRoot, 'dev/block'))) ?? [];
    const isFinal = (facts: BlockDevice | undefined): boolean =>
      facts !== undefined && (isStacked(facts) || !SET_UP_LATER.test(facts.name));
    known = new Map(
      devices.map((device) => {
        const facts = known.get(device);
        return [device, isFinal(facts) ? facts : readBlockDevice(sysRoot, device)];
      }),
    );
    const found = [...known.values()].flatMap((facts) => (facts && isStacked(facts) ? [facts.device] : []));
    if (found.join() !== stacked.join()) stacked = found;
    return stacked;
  };
}

const SET_UP_LATER = /^(dm-|md|loop|bcache)/;

/** Name in /dev: `sda` of `8:0`. undefined for no such device. */
export const deviceName = (sysRoot: string, device: string): string | undefined =>
  readBlockDevice(sysRoot, device)?.name;

const readLine = (path: string): string | undefined => attempt(() => readFileSync(path, 'utf8').trimEnd());

/** Devices come and go between any two system calls. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
