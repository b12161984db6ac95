/** Units that a program made over the bus: `systemd-run`, and the scopes of containers. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Whether the unit, and with it all that is set of it, ends with its last process, however it was set: systemd keeps the
 * properties of such a unit beside it in /run. `bus`: the socket of its manager.
 */
export const isTransient = (bus: string, unit: string): boolean =>
  unit.endsWith('.scope') || existsSync(join(runFolder(bus), 'systemd/transient', unit));

/** /run of /run/dbus/system_bus_socket, /run/user/1000 of /run/user/1000/bus */
const runFolder = (bus: string): string => dirname(bus.endsWith('/bus') ? bus : dirname(bus));
