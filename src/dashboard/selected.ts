/** What is read of the selected row alone: its processes, what the panes demand, and the files behind an explained figure. */

import type { SharedLooks } from '../diagnosis/trouble-watch.ts';
import type { Workload } from '../inventory/workload.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
import { createReadFiles } from '../kernel/read-files.ts';
import type { Frame } from '../metrics/source.ts';
import { columnOf } from './columns.ts';
import { filesOf, type RawTexts } from './explain-view.ts';
import { type Guarded, type Inside, openInside, type Part } from './inside.ts';
import type { ProcessList } from './process-view.ts';
import { openSelectedProcesses } from './processes.ts';
import { readRawTexts } from './raw-texts.ts';
import { selectedWorkload } from './scene.ts';
import type { Session } from './session.ts';

export interface SelectedReader {
  /**
   * Reads its processes; while the display is held, only where they were never read. `newest`: the Frame that is about to be
   * shown, if one is.
   */
  readProcesses(session: Session, newest?: Frame): Promise<void>;
  /** Reads the files of the figure that is explained, if one is. */
  readExplained(session: Session): Promise<void>;
  /** Reads what the panes demand, where that is due; nothing waits for it. */
  look(session: Session, demands: ReadonlySet<Part>): void;
  /** What is known of the selected row, as far as it was read. */
  of(session: Session): {
    readonly processes: ProcessList | undefined;
    readonly inside: Inside;
    readonly raw: RawTexts | undefined;
  };
  close(): void;
}

export interface SelectedOptions {
  readonly hierarchy: Pick<Hierarchy, 'mount' | 'root'>;
  readonly proc: string;
  readonly looks: SharedLooks;
  /** There is something new to be seen. */
  readonly onNews: () => void;
  readonly guarded: Guarded;
}

export function openSelectedReader({ hierarchy, proc, looks, onNews, guarded }: SelectedOptions): SelectedReader {
  const { mount, root } = hierarchy;
  const readFiles = createReadFiles();
  const processes = openSelectedProcesses({ mount, proc, readFiles });
  const inside = openInside({ mount, root, proc, readFiles, looks, onNews, guarded });
  let raw: RawTexts | undefined;
  const workloadsOf = ({ frame }: Session): readonly Workload[] => frame?.workloads ?? [];
  return {
    readProcesses: async (session, newest = session.frame) => {
      const selected = selectedWorkload(session);
      if (!selected || !newest || (session.state.paused && processes.of(selected.inode))) return;
      await processes.read(selected, newest.usage.snapshot);
    },
    readExplained: async (session) => {
      const { modal, scales } = session.state;
      const selected = selectedWorkload(session);
      if (modal?.kind !== 'explain' || !selected) return;
      raw = await readRawTexts(mount, selected, filesOf(columnOf(modal.slot, scales).field), readFiles);
      onNews();
    },
    look: (session, demands) =>
      inside.look({
        selected: selectedWorkload(session),
        workloads: workloadsOf(session),
        demands,
        isHeld: session.state.paused,
      }),
    of: (session) => ({
      processes: processes.of(selectedWorkload(session)?.inode),
      inside: inside.of(selectedWorkload(session), workloadsOf(session)),
      raw,
    }),
    close: () => inside.look({ selected: undefined, workloads: [], demands: new Set(), isHeld: true }),
  };
}
