/** The runtimes' APIs as a source of names: what they know beats what the disk tells. */
import type { NameSource } from './names/source.ts';
import { LONG_PATIENCE_MS, PATIENCE_MS } from './names.ts';
import type { RuntimeStatus } from './runtimes/endpoint.ts';
import { openRuntimes } from './runtimes/runtimes.ts';

export interface ApiSource {
  readonly source: NameSource;
  /** Asks every runtime and tells how each is. */
  ask(): Promise<readonly RuntimeStatus[]>;
  close(): void;
}

/** Less than a lookup is waited for, so that one runtime that hangs does not hide the names of the others. */
const SHARE_OF_PATIENCE = 0.7;

/** `watch`: follow the runtimes' events. Without, they are asked once, when the first name is wanted. */
export function openApiSource({ watch }: { readonly watch: boolean }): ApiSource {
  const listeners = new Set<(id: string) => void>();
  const runtimes = openRuntimes({
    watch,
    timeoutMs: SHARE_OF_PATIENCE * (watch ? PATIENCE_MS : LONG_PATIENCE_MS),
    onChange: (id) => {
      for (const listener of listeners) listener(id);
    },
  });
  let asked: Promise<void> | undefined;
  return {
    source: {
      name: 'runtime APIs',
      matches: ({ id, name }) => id !== undefined || name !== undefined,
      lookup: async ({ kind, id, name, uid }) => {
        if (!watch) {
          asked ??= runtimes.refresh();
          await asked;
        }
        const details = runtimes.details((kind === 'machine' ? name : undefined) ?? id ?? name ?? '', uid);
        if (!details) return undefined;
        const { image, pod, namespace, labels, initPid } = details;
        return {
          name: details.name,
          details,
          ...(image !== undefined && { image }),
          ...(pod !== undefined && { pod }),
          ...(namespace !== undefined && { namespace }),
          ...(labels !== undefined && { labels }),
          ...(initPid !== undefined && { initPid }),
        };
      },
      events: (onChange) => {
        listeners.add(onChange);
        return () => listeners.delete(onChange);
      },
    },
    ask: async () => {
      await runtimes.refresh();
      return runtimes.statuses();
    },
    close: runtimes.close,
  };
}
