/**
 * The disks that a limit of io goes to. The kernel takes whole disks only (a partition gives ENODEV), so what the user
 * names, a node, a mount point, a directory or `MAJ:MIN`, is followed down: a partition to its disk, dm, LVM and md to
 * the devices they are made of (/sys/dev/block/MAJ:MIN/slaves), btrfs and overlay through their mount.
 */

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn, readText } from '../../kernel/if-there.ts';
import { readBlockDevice } from '../../kernel/io-devices.ts';
import { type Mount, mountAt, parseMountinfo } from '../../kernel/mountinfo.ts';
import { parseOverlay } from '../../kernel/overlay.ts';
import type { Devices, WholeDisk } from '../model.ts';
import { BadValueError } from './units.ts';

/** What the file system tells of a path. */
interface Facts {
  /** `MAJ:MIN` of the device that the node is; undefined for a file or directory. */
  readonly block?: string;
  readonly character?: boolean;
  /** `MAJ:MIN` of the file system that the path lies on. */
  readonly on: string;
}

export interface DeviceWorld {
  /** Where sysfs is. */
  readonly sys: string;
  readonly mountinfo: () => string;
  /** Throws where there is no such path. */
  readonly facts: (path: string) => Facts;
  readonly realpath: (path: string) => string;
}

/** Linux's st_dev and st_rdev, of 64 bits (sys/sysmacros.h). */
const numbersOf = (device: number): string => {
  const value = BigInt(device);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n);
  const minor = (value & 0xffn) | ((value >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
};

const LIVE: DeviceWorld = {
  sys: '/sys',
  mountinfo: () => readFileSync('/proc/self/mountinfo', 'utf8'),
  facts: (path) => {
    const stat = statSync(path);
    return {
      on: numbersOf(stat.dev),
      ...(stat.isBlockDevice() ? { block: numbersOf(stat.rdev) } : {}),
      ...(stat.isCharacterDevice() ? { character: true } : {}),
    };
  },
  realpath: (path) => realpathSync(path),
};

/** Overlays upon overlays, dm upon dm: more than any machine has. */
const DEEPEST = 16;

export function openDevices(world: DeviceWorld = LIVE): Devices {
  return {
    disksOf: (text) => {
      const steps: string[] = [];
      const found = isNumbers(text) ? below(text, text) : ofPath(text.startsWith('/') ? text : `/dev/${text}`, text, 0);
      const disks = [...new Map(found.map((disk) => [disk.device, disk])).values()];
      if (disks.length === 0) throw new BadValueError(`"${text}" lies on no disk`);
      return steps.length === 0 ? { disks } : { disks, note: `${text}: ${steps.join(', ')}${whole(disks)}` };

      function ofPath(path: string, typed: string, depth: number): WholeDisk[] {
        const { block, character, on } = factsOf(path, typed);
        if (block !== undefined) return below(block, typed);
        if (character || depth > DEEPEST)
          throw new BadValueError(`"${typed}" is not a block device; give a disk, or a directory on one`);
        if (!on.startsWith('0:')) {
          const name = nameOf(on);
          if (name === undefined) throw new BadValueError(`"${typed}" lies on ${on}, which is no disk`);
          steps.push(`lies on ${name}`);
          return below(on, typed);
        }
        return ofMount(mountAt(parseMountinfo(world.mountinfo()), world.realpath(path)), typed, depth);
      }

      /** A file system without a device of its own. */
      function ofMount(mount: Mount | undefined, typed: string, depth: number): WholeDisk[] {
        if (mount?.fsType === 'overlay') {
          const layers = parseOverlay(mount.superOptions);
          const directory = layers?.upper ?? layers?.lower[0];
          if (directory) {
            steps.push(`is an overlay over ${directory}`);
            return ofPath(directory, typed, depth + 1);
          }
        }
        if (mount?.fsType === 'btrfs' || mount?.source.startsWith('/dev/')) {
          const { block } = factsOf(mount.source, typed);
          if (block !== undefined) {
            const members = mount.fsType === 'btrfs' ? btrfsMembers(block) : [block];
            steps.push(`lies on ${mount.fsType} of ${members.map((member) => nameOf(member) ?? member).join(', ')}`);
            return members.flatMap((member) => below(member, typed));
          }
        }
        throw new BadValueError(
          `"${typed}" lies on ${mount ? `${mount.fsType} (${mount.mountPoint})` : 'no known mount'}, which has no disk here`,
        );
      }

      /** The whole disks below a block device. */
      function below(device: string, typed: string, depth = 0): WholeDisk[] {
        const facts = readBlockDevice(world.sys, device);
        if (facts === undefined || depth > DEEPEST)
          throw new BadValueError(`"${typed}": this machine has no block device ${device}`);
        if (facts.disk !== undefined) {
          steps.push(`${facts.name} is a partition of ${nameOf(facts.disk) ?? facts.disk}`);
          return below(facts.disk, typed, depth + 1);
        }
        if (facts.slaves.length === 0) return [{ device, name: facts.name }];
        steps.push(`${facts.name} is made of ${facts.slaves.join(', ')}`);
        return facts.slaves.flatMap((slave) => {
          const numbers = readText(join(world.sys, 'dev/block', device, 'slaves', slave, 'dev')).trim();
          return numbers === '' ? [] : below(numbers, typed, depth + 1);
        });
      }
    },
  };

  function factsOf(path: string, typed: string): Facts {
    try {
      return world.facts(path);
    } catch {
      throw new BadValueError(
        `"${typed}" does not exist; name a disk (/dev/sda, sda, 8:0), a mount point or a directory`,
      );
    }
  }

  /** Every device of the btrfs that holds one. */
  function btrfsMembers(device: string): string[] {
    const name = nameOf(device);
    const root = join(world.sys, 'fs/btrfs');
    for (const id of namesIn(root)) {
      const members = namesIn(join(root, id, 'devices'));
      if (name === undefined || !members.includes(name)) continue;
      return members.flatMap((member) => readText(join(root, id, 'devices', member, 'dev')).trim() || []);
    }
    return [device];
  }

  function nameOf(device: string): string | undefined {
    return readBlockDevice(world.sys, device)?.name;
  }
}

/** `/dev/sda` of every whole disk, and of what is made of disks. */
export const blockDevices = (sys = LIVE.sys): string[] =>
  namesIn(join(sys, 'block')).map((name) => `/dev/${name.replaceAll('!', '/')}`);

const isNumbers = (text: string): boolean => /^\d+:\d+$/.test(text);

const whole = (disks: readonly WholeDisk[]): string => {
  const names = disks.map(({ name, device }) => `${name} (${device})`).join(' and ');
  return disks.length === 1
    ? `; the limit applies to the whole disk ${names}`
    : `; the limit applies to each of ${names}, not to their sum`;
};
