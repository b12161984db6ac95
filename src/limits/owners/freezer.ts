/**
 * Freezing through the owner: systemd's FreezeUnit and ThawUnit, docker's and podman's pause. A raw write behind their
 * back leaves them with another state than the kernel's.
 */

import { errorText } from '../../text/error-text.ts';
import { ENGINE_PATIENCE_MS, type Owner, OwnerError, permissionRemedy } from './owner.ts';
import { callManager } from './systemd-manager.ts';
import { otherUser, systemctlAs } from './systemd-user.ts';

export const FREEZE_FILE = 'cgroup.freeze';

interface Freezer {
  /** What the owner calls it. */
  readonly verb: (frozen: boolean) => string;
  readonly freeze: (subject: string, frozen: boolean) => Promise<void>;
}

/** The owner, and cgroup.freeze among its files. */
export function withFreezer(owner: Owner, { verb, freeze }: Freezer): Owner {
  return {
    ...owner,
    sets: (file) => file === FREEZE_FILE || owner.sets(file),
    describe: (file, text) => (file === FREEZE_FILE ? verb(text === '1') : owner.describe(file, text)),
    keeps: (file, text) => (file === FREEZE_FILE ? text : owner.keeps(file, text)),
    apply: async (writes) => {
      const others = writes.filter(({ file }) => file !== FREEZE_FILE);
      if (others.length > 0) await owner.apply(others);
      for (const { file, subject, after } of writes) {
        if (file !== FREEZE_FILE) continue;
        try {
          await freeze(subject, after === '1');
        } catch (error) {
          const text = errorText(error);
          const remedy = permissionRemedy(text) || ' (past it: --via cgroupfs)';
          throw new OwnerError(`${owner.name} ${verb(after === '1')} ${subject.slice(0, 64)}: ${text}${remedy}`);
        }
      }
    },
  };
}

export const systemdFreezer = (socket: string): Freezer => ({
  verb: (frozen) => (frozen ? 'FreezeUnit' : 'ThawUnit'),
  freeze: async (unit, frozen) => {
    const user = otherUser(socket);
    if (user) await systemctlAs(user, [frozen ? 'freeze' : 'thaw', '--', unit]);
    else await callManager(socket, frozen ? 'FreezeUnit' : 'ThawUnit', 's', [unit]);
  },
});

/** `prefix`: before `/containers/ID/pause`. */
export const engineFreezer = (socket: string, prefix: string): Freezer => ({
  verb: (frozen) => (frozen ? 'pause' : 'unpause'),
  freeze: async (id, frozen) => {
    const { postJson } = await import('../../inventory/runtimes/unix-http.ts');
    const path = `${prefix}/containers/${id}/${frozen ? 'pause' : 'unpause'}`;
    await postJson(socket, path, undefined, { timeoutMs: ENGINE_PATIENCE_MS });
  },
});
