/**
 * /proc/PID/mountinfo: what is mounted where, one mount a line.
 *
 *     31 20 0:7 / /sys/kernel/debug rw,relatime shared:15 master:1 - debugfs debugfs rw,mode=755
 *     36 56 253:1 / /boot rw,relatime - ext4 /dev/vda1 rw
 *     id parent device root mountPoint options [optional fields] - fsType source superOptions
 *
 * Any number of optional fields, up to ` - `. Blank, tab, newline and backslash in a path are octal: `\040`.
 */

export interface Mount {
  readonly id: number;
  readonly parent: number;
  /** `MAJ:MIN`, as st_dev of the files in it. */
  readonly device: string;
  /** The directory of the file system that is mounted, seen from the reader's namespace. */
  readonly root: string;
  readonly mountPoint: string;
  /** Of this mount: `rw`, `noexec`. */
  readonly options: readonly string[];
  /** `shared:15`, `master:1`. */
  readonly optionalFields: readonly string[];
  readonly fsType: string;
  readonly source: string;
  /** Of the file system: `rw`, `nsdelegate`. */
  readonly superOptions: readonly string[];
}

/** In the kernel's order; lines that are no mount are skipped. */
export function parseMountinfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): Mount | undefined {
  const dash = line.indexOf(' - ');
  if (dash < 0) return undefined;
  const [id, parent, device, root, mountPoint, options, ...optionalFields] = line.slice(0, dash).split(' ');
  const [fsType, source = '', superOptions = ''] = line.slice(dash + 3).split(' ');
  if (device === undefined || root === undefined || mountPoint === undefined) return undefined;
  if (options === undefined || fsType === undefined) return undefined;
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: unescapePath(root),
    mountPoint: unescapePath(mountPoint),
    options: options.split(','),
    optionalFields: optionalFields.filter((field) => field !== ''),
    fsType,
    source: unescapePath(source),
    superOptions: superOptions.split(','),
  };
}

const unescapePath = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
