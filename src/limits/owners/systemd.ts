/**
 * systemd over D-Bus: Manager.SetUnitProperties(s unit, b runtime, a(sv) properties) of org.freedesktop.systemd1, on the
 * system bus, or on a user's bus for the units of a user manager. Property types: man org.freedesktop.systemd1.
 */

import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import { errorText } from '../../text/error-text.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import { linesByKey } from '../catalogue/lines.ts';
import type { Write } from '../model.ts';
import { askOwner, NotOwnerError, type Owner, OwnerError, permissionRemedy } from './owner.ts';
import { controlGroupOf, setUnitProperties } from './systemd-manager.ts';
import { hasProperty, keepable, onBus, type Property, propertiesOf } from './systemd-properties.ts';
import { otherUser, systemctlAs } from './systemd-user.ts';

/** `bus`: path of the bus's socket. */
export const systemdOwner = (bus: string, files: CgroupFiles): Owner => ({
  name: 'systemd',
  sets: hasProperty,
  describe: (file, text) => {
    const properties = propertiesOf(file, text);
    return properties.length === 0 ? undefined : textOf(properties);
  },
  keeps: keepable,
  confirm: async ([write]) => {
    if (write) await confirmUnit(bus, write, files);
  },
  apply: async (writes) => {
    const [{ subject = '', persist = false } = {}] = writes;
    const properties = writes.flatMap(({ file, after }) => propertiesOf(file, after));
    try {
      await setProperties(bus, subject, !persist, properties);
    } catch (error) {
      const text = errorText(error);
      throw new OwnerError(
        `systemctl set-property ${subject} ${textOf(properties)}: ${text}${permissionRemedy(text)}`,
        { cause: error },
      );
    }
    for (const write of writes) removeLines(write, files);
  },
});

/** Files with a line a device, of which systemd forgets those that its property no longer has, and leaves them to the kernel. */
const FORGOTTEN: ReadonlySet<string> = new Set(['io.weight', 'io.latency']);

function removeLines({ path, inode, file, before, after, ended }: Write, files: CgroupFiles): void {
  if (!FORGOTTEN.has(file) || ended) return;
  const kept = linesByKey(after);
  const removed = [...linesByKey(before)].filter(([key]) => !kept.has(key)).map(([, line]) => line);
  for (const command of findLimit(file)?.commands?.(removed.join('\n'), '') ?? [])
    files.write(path, inode, file, command);
}

const textOf = (properties: readonly Property[]): string => properties.flatMap(({ text }) => text || []).join(' ');

async function setProperties(
  bus: string,
  unit: string,
  runtime: boolean,
  properties: readonly Property[],
): Promise<void> {
  const user = otherUser(bus);
  if (!user) return setUnitProperties(bus, unit, runtime, properties.map(onBus));
  const assignments = properties.flatMap((property) => property.assignments);
  await systemctlAs(user, ['set-property', ...(runtime ? ['--runtime'] : []), '--', unit, ...assignments]);
}

/** A unit that does not run has no cgroup, and may be told for its next start. Throws NotOwnerError, OwnerError. */
async function confirmUnit(bus: string, { subject, path, ended }: Write, { root = '/' }: CgroupFiles): Promise<void> {
  const group = await askOwner(`systemd's ${subject}`, () => controlGroup(bus, subject));
  const wanted = root === '/' || root.startsWith('/..') ? path : `${root}${path === '/' ? '' : path}`;
  if (group === wanted || (ended && group === '')) return;
  const where = group === '' ? `systemd has no cgroup for ${subject}` : `systemd's ${subject} has the cgroup ${group}`;
  throw new NotOwnerError(`${where}, not ${path}`);
}

async function controlGroup(bus: string, unit: string): Promise<string> {
  const user = otherUser(bus);
  if (user) return systemctlAs(user, ['show', '--property', 'ControlGroup', '--value', '--', unit]);
  return controlGroupOf(bus, unit);
}
