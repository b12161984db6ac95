/** Reads what a trial measures: the files of a closer look, and the run delay of the victim's threads. */

import type { Workload } from '../../inventory/workload.ts';
import { createStackedDevices } from '../../kernel/io-devices.ts';
import { createReadFiles } from '../../kernel/read-files.ts';
import { openLookCgroups } from '../look/cgroups.ts';
import type { Figures } from '../look/model.ts';
import { raisePriority } from '../look/priority.ts';
import { openThreads } from '../look/threads.ts';
import type { PartyReading, TrialReading } from './measure.ts';

export interface TrialReader {
  read(): Promise<TrialReading>;
  close(): void;
}

export interface TrialReaderOptions {
  readonly mount: string;
  readonly proc: string;
  readonly victim: string;
  /** The victim, the suspect and third parties, and what lies below the victim. */
  readonly cgroups: readonly Workload[];
}

export function openTrialReader(options: TrialReaderOptions): TrialReader {
  const { mount, proc, victim, cgroups } = options;
  const stacked = createStackedDevices()();
  const look = openLookCgroups({ mount, cgroups, stacked });
  const threads = openThreads({ proc, mount, readFiles: createReadFiles(), victims: [victim], paths: look.paths });
  // Between a file and its time lies as little as can be, however busy the machine is.
  const restorePriority = raisePriority(proc);
  return {
    async read() {
      await threads.refresh();
      const reading = await look.everything();
      const parties = new Map<string, PartyReading>();
      for (const { path } of cgroups) {
        const figures = reading.of(path);
        if (!figures || figures('cgroup.events:populated') === 0) continue;
        const times = path === victim ? threads.times(path) : { ran: Number.NaN, waited: Number.NaN };
        parties.set(path, { ...partyOf(figures), ...times });
      }
      return { time: reading.time, parties };
    },
    close() {
      restorePriority();
      look.close();
    },
  };
}

const partyOf = (figures: Figures): Omit<PartyReading, 'ran' | 'waited'> => ({
  usage: figures('cpu.stat:usage_usec'),
  cpuSome: figures('cpu.pressure:some.total'),
  cpuFull: figures('cpu.pressure:full.total'),
  ioSome: figures('io.pressure:some.total'),
  memorySome: figures('memory.pressure:some.total'),
  ioBytes: figures('io.stat:rbytes') + figures('io.stat:wbytes'),
  refaults: figures('memory.stat:workingset_refault_anon') + figures('memory.stat:workingset_refault_file'),
  failedForks: figures('pids.events:max'),
  memory: figures('memory.current:value'),
});
