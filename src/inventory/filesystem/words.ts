/** A file system told in lines of a label and a text, for the screen and for `tscg fs`. Text is not cleaned. */

import type { Fact } from '../fact.ts';
import type { Disk } from './disk.ts';
import type { InnerMount } from './mounts.ts';
import type { FileSystem } from './read.ts';
import type { Root } from './root.ts';

/** `written`: what is known of the size of what it wrote; undefined to leave it out. `bytes` formats a size. */
export function filesystemFacts(
  files: FileSystem,
  written: string | undefined,
  bytes: (value: number) => string,
): Fact[] {
  const { root, layers, hidden, driver, writable, differences, disk, unknown } = files;
  const { lower = [], data = [], upper, work } = layers ?? {};
  return [
    ...(unknown === undefined ? [] : [{ label: 'unknown', text: unknown }]),
    ...(root ? [{ label: 'root', text: rootText(root, driver) }] : driver ? [{ label: 'driver', text: driver }] : []),
    ...(hidden ? [{ label: 'hidden', text: HIDDEN }] : []),
    ...(upper === undefined ? [] : [{ label: 'upper', text: upper }]),
    ...(work === undefined ? [] : [{ label: 'work', text: work }]),
    ...lower.map((text, index) => ({ label: `lower ${index + 1}/${lower.length}`, text })),
    ...data.map((text) => ({ label: 'data only', text })),
    ...(upper === undefined && writable !== undefined ? [{ label: 'directory', text: writable }] : []),
    ...differences.map(({ about, kernel, runtime }) => ({
      label: 'differs',
      text: `${about}: the kernel has ${kernel}, the runtime tells ${runtime}`,
    })),
    ...(written === undefined ? [] : [{ label: 'written', text: written }]),
    ...(disk ? [{ label: 'disk', text: diskText(disk, bytes) }] : []),
  ];
}

/** Why layers cannot be looked at. */
const HIDDEN = 'its layers lie in another mount namespace: these are its paths there, not on this machine';

/** Why nothing is measured, where no directory takes what it writes. */
export const unmeasuredText = ({ root, hidden }: FileSystem): string =>
  root?.kind === 'host'
    ? "it has no root of its own, and the machine's is not measured"
    : hidden
      ? 'in another mount namespace, where it cannot be measured from here'
      : 'not known where';

export const MOUNT_TITLES: readonly string[] = ['TARGET', 'MODE', 'KIND', 'SOURCE', 'TYPE', 'OPTIONS'];

/** One mount inside, beneath those titles. */
export const mountCells = ({ target, readOnly, kind, volume, source, fsType, options }: InnerMount): string[] => [
  target,
  readOnly ? 'ro' : 'rw',
  volume === undefined ? kind : `${kind} ${volume}`,
  source,
  fsType,
  options.join(','),
];

function rootText({ kind, fsType, source, within, readOnly }: Root, driver: string | undefined): string {
  const what = {
    overlay: fsType,
    directory: [fsType, fsType === 'btrfs' ? 'subvolume' : '', within ?? '', 'of', source].filter(Boolean).join(' '),
    host: `the machine's own: ${fsType} of ${source}`,
  }[kind];
  return [what, driver && `driver ${driver}`, readOnly && 'read-only'].filter(Boolean).join(', ');
}

function diskText(disk: Disk, bytes: (value: number) => string): string {
  const { source, device, fsType, mountPoint, freeBytes, totalBytes, freeInodes, totalInodes } = disk;
  const inodes = totalInodes > 0 ? `, ${percent(freeInodes / totalInodes)} of its inodes` : '';
  return `${bytes(freeBytes)} of ${bytes(totalBytes)} free (${percent(freeBytes / totalBytes)}${inodes}): ${source} ${device}, ${fsType} at ${mountPoint}`;
}

const percent = (share: number): string => `${Math.floor(share * 100)} %`;
