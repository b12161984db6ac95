/**
 * Where systemd keeps its units: which unit of which manager a cgroup can be, by its path. A manager lays its units out below
 * its own cgroup by their slices, and a unit lies in slices only (systemd.slice(5)):
 *
 *     /system.slice/system-getty.slice/getty@tty1.service                        of the system's manager
 *     /user.slice/user-1000.slice/user@1000.service/app.slice/web.service        of the manager of the user 1000
 *     /capsule.slice/capsule@demo.service/app.slice/web.service                  of the manager of the capsule `demo`
 *
 * Any other directory of such a name was made by somebody else, below a service with Delegate=yes for instance. What lies at
 * a right place may still be no unit: only the manager knows that.
 */

export interface UnitPlace {
  /** As systemctl takes it. */
  readonly unit: string;
  readonly manager: UnitManager;
}

/** `uid`: of a user's manager; `capsule`: name of a capsule's; the system's has neither. */
export interface UnitManager {
  readonly uid?: number;
  readonly capsule?: string;
}

export const SYSTEM_MANAGER: UnitManager = {};

/** The object on the bus that every manager answers as: man org.freedesktop.systemd1. */
export const MANAGER_OBJECT = {
  destination: 'org.freedesktop.systemd1',
  path: '/org/freedesktop/systemd1',
  interface: 'org.freedesktop.systemd1.Manager',
};

/** Kinds of units that have a cgroup, and the last part of the name of their D-Bus interface. */
export const UNIT_KINDS: Readonly<Record<string, string>> = {
  service: 'Service',
  scope: 'Scope',
  slice: 'Slice',
  mount: 'Mount',
  swap: 'Swap',
  socket: 'Socket',
};

/** unit-name.c: at most 255 bytes of these, of which the last dot begins the kind. */
const UNIT_NAME = new RegExp(`^(?=.{1,255}$)[A-Za-z0-9:_.\\\\@-]+\\.(?:${Object.keys(UNIT_KINDS).join('|')})$`);

/** Undefined where no manager can have a unit: a plain directory, the inside of a unit, a container's own system. */
export function unitAt(path: string): UnitPlace | undefined {
  const components = path.split('/').slice(1);
  let manager: UnitManager | undefined = SYSTEM_MANAGER;
  let parent = '';
  for (const [index, component] of components.entries()) {
    const unit = unitName(component);
    if (unit === undefined || manager === undefined) return undefined;
    const isSlice = unit.endsWith('.slice');
    if (isSlice && !isSliceOf(unit, parent)) return undefined;
    if (index === components.length - 1) return { unit, manager };
    if (isSlice) parent = unit.slice(0, -'.slice'.length);
    else {
      manager = manager === SYSTEM_MANAGER ? managerIn(unit) : undefined;
      parent = '';
    }
  }
  return undefined;
}

/** The manager in whose own cgroup the path lies. */
export function managerOf(path: string): UnitManager {
  for (let end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
    const { unit, manager } = unitAt(path.slice(0, end)) ?? {};
    const own = unit !== undefined && manager === SYSTEM_MANAGER ? managerIn(unit) : undefined;
    if (own) return own;
  }
  return SYSTEM_MANAGER;
}

/** The manager that runs in a service of the system's; undefined in any other unit. */
export function managerIn(unit: string): UnitManager | undefined {
  const [, uid, capsule] = /^(?:user@(\d{1,10})|capsule@([^/]+))\.service$/.exec(unit) ?? [];
  if (uid !== undefined) return { uid: Number(uid) };
  return capsule === undefined ? undefined : { capsule };
}

/** The unit that a directory's own name spells; undefined for what is no name of a unit. */
export function unitName(component: string): string | undefined {
  const name = unescapeComponent(component);
  return UNIT_NAME.test(name) ? name : undefined;
}

/** `_` stands before a name that would be an interface file's, as `cpuset.scope`, or that begins with `_` or a dot. */
export const unescapeComponent = (component: string): string =>
  component.startsWith('_') ? component.slice(1) : component;

/**
 * `a-b.slice` lies in `a.slice`; `parent`: the name of the slice above without its suffix, empty for the manager's own
 * cgroup.
 */
function isSliceOf(slice: string, parent: string): boolean {
  const name = slice.slice(0, -'.slice'.length);
  const dash = name.lastIndexOf('-');
  return parent === '' ? dash < 0 : dash === parent.length && name.startsWith(parent) && dash < name.length - 1;
}
