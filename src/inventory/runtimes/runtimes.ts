/** Every runtime's API on this machine: found by its socket, asked all at once, each failing for itself alone. */

import { fileStamp } from '../../kernel/file-stamp.ts';
import { findSockets, type RuntimeSocket } from '../sockets.ts';
import type { Runtime, WorkloadDetails } from '../workload.ts';
import { remedyFor } from './api-error.ts';
import type { CreateClient } from './client.ts';
import { type Endpoint, openEndpoint, type RuntimeStatus } from './endpoint.ts';
import { TIMEOUT_MS } from './patience.ts';

export interface RuntimesOptions {
  /** Where runtimes listen; looked for at each refresh. The machine's own if absent. */
  readonly sockets?: () => readonly RuntimeSocket[];
  readonly timeoutMs?: number;
  /** Follow events, and ask again in time; a command that ends at once calls `refresh` instead. */
  readonly watch: boolean;
  /** The id whose details came, changed or went. */
  onChange?(id: string): void;
}

export interface Runtimes {
  /**
   * By id of a container or pod, or name of a machine. With a `uid` what that user's own runtimes say goes first, then what
   * the system's say; no user's runtime is believed of anything outside that user's slice.
   */
  details(id: string, uid?: number): WorkloadDetails | undefined;
  /** By name of a unit: of the manager of that user, of the system's without. */
  unit(name: string, uid?: number): WorkloadDetails | undefined;
  /**
   * All at once; never rejects, and takes no longer than the time-out once the modules are loaded. Those that failed lately
   * are left alone.
   */
  refresh(): Promise<void>;
  /** One for each endpoint, and one `absent` for each runtime that has none. */
  statuses(): readonly RuntimeStatus[];
  close(): void;
}

/** Each module is loaded with the first endpoint that needs it. */
interface Speaker {
  readonly runtime: Runtime;
  /** Whose sockets it speaks to. */
  readonly sockets: Runtime;
  /** Many files to load. */
  readonly isHeavy?: boolean;
  readonly createClient: CreateClient;
}

const SPEAKERS: readonly Speaker[] = [
  {
    runtime: 'docker',
    sockets: 'docker',
    createClient: async (context) => (await import('./docker.ts')).createDockerClient(context),
  },
  {
    runtime: 'podman',
    sockets: 'podman',
    createClient: async (context) => (await import('./podman.ts')).createPodmanClient(context),
  },
  {
    runtime: 'systemd',
    sockets: 'systemd',
    createClient: async (context) => (await import('./systemd.ts')).createSystemdClient(context),
  },
  {
    runtime: 'nspawn',
    sockets: 'systemd',
    createClient: async (context) => (await import('./machined.ts')).createMachinedClient(context),
  },
  {
    runtime: 'containerd',
    sockets: 'containerd',
    isHeavy: true,
    createClient: async (context) => (await import('./cri.ts')).createCriClient('containerd', context),
  },
  {
    runtime: 'cri-o',
    sockets: 'cri-o',
    isHeavy: true,
    createClient: async (context) => (await import('./cri.ts')).createCriClient('cri-o', context),
  },
  {
    runtime: 'incus',
    sockets: 'incus',
    createClient: async (context) => (await import('./incus.ts')).createIncusClient(context),
  },
  {
    runtime: 'libvirt',
    sockets: 'libvirt',
    createClient: async (context) => (await import('./libvirt.ts')).createLibvirtClient(context),
  },
];

interface Opened {
  readonly endpoint: Endpoint;
  readonly stamp: string;
  readonly isHeavy: boolean;
}

/** New sockets are noticed so soon, and sooner where an id came that no runtime knows. */
const RESCAN_MS = 30_000;
const SOON_MS = 1_000;
const MOST_UNKNOWN = 5_000;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function openRuntimes(options: RuntimesOptions): Runtimes {
  const { sockets = findSockets, timeoutMs = TIMEOUT_MS, watch, onChange = () => undefined } = options;
  const endpoints = new Map<string, Opened>();
  let denied: readonly RuntimeStatus[] = [];
  /** Absent while the sockets are looked at. */
  let timer: NodeJS.Timeout | undefined;
  /** Whether an id came since then that no runtime knew. */
  let isUnknown = false;
  let isClosed = false;

  /** Opens what came, and closes what went or was replaced. */
  function scan(): void {
    const found = sockets();
    denied = found.filter(({ state }) => state === 'not permitted').map(notPermitted);
    const wanted = found.flatMap((socket) =>
      SPEAKERS.filter((speaker) => speaksTo(speaker, socket)).map((speaker) => ({ speaker, socket })),
    );
    // Another socket at the same path is another daemon: it need not wait for what the former did.
    const stamps = new Map(wanted.map((one) => [keyOf(one), fileStamp(one.socket.path)]));
    for (const [key, { endpoint, stamp }] of endpoints) {
      if (stamps.get(key) === stamp) continue;
      endpoint.close();
      endpoints.delete(key);
    }
    for (const one of wanted) {
      const key = keyOf(one);
      if (endpoints.has(key)) continue;
      const { runtime, createClient, isHeavy = false } = one.speaker;
      const { path, uid } = one.socket;
      const place = { runtime, endpoint: path, ...(uid !== undefined && { uid }) };
      const endpoint = openEndpoint({ ...place, timeoutMs, watch, onChange, createClient });
      endpoints.set(key, { endpoint, stamp: stamps.get(key) ?? '', isHeavy });
    }
  }

  const all = (): Endpoint[] => [...endpoints.values()].map(({ endpoint }) => endpoint);

  /** Loading a module makes others' answers late: all of a kind are loaded before the first is asked, the heavy ones last. */
  async function begin(): Promise<void> {
    scan();
    for (const isHeavy of [false, true]) {
      const group = [...endpoints.values()].filter((one) => one.isHeavy === isHeavy).map(({ endpoint }) => endpoint);
      await Promise.all(group.map((endpoint) => endpoint.load()));
      for (const endpoint of group) endpoint.start();
      await Promise.all(group.map((endpoint) => endpoint.settled()));
    }
  }

  async function rescan(): Promise<void> {
    timer = undefined;
    isUnknown = false;
    await begin();
    if (!isClosed) rescanLater();
  }
  function rescanLater(): void {
    clearTimeout(timer);
    timer = setTimeout(() => void rescan(), isUnknown ? SOON_MS : RESCAN_MS).unref();
  }
  if (watch) void rescan();

  /** Ids that no endpoint knew when they were asked for. Each makes endpoints and new sockets be looked at soon, but only once. */
  const unknown = new Set<string>();
  function miss(id: string): void {
    if (!watch || unknown.has(id)) return;
    if (unknown.size >= MOST_UNKNOWN) unknown.clear();
    unknown.add(id);
    for (const endpoint of all()) endpoint.nudge();
    if (isUnknown) return;
    isUnknown = true;
    if (timer) rescanLater();
  }

  /** What the endpoints of the user, or of the system, know. */
  function told(id: string, uid: number | undefined): WorkloadDetails | undefined {
    for (const { endpoint } of endpoints.values()) {
      const details = endpoint.uid === uid ? endpoint.get(id) : undefined;
      if (details !== undefined) return details;
    }
    return undefined;
  }

  return {
    details(id, uid) {
      const details = told(id, uid) ?? (uid === undefined ? undefined : told(id, undefined));
      if (details === undefined) miss(id);
      return details;
    },
    unit(name, uid) {
      const details = told(name, uid);
      if (details === undefined) miss(name);
      return details;
    },
    async refresh() {
      if (isClosed) return;
      scan();
      await Promise.all(all().map((endpoint) => endpoint.load()));
      await Promise.all(all().map((endpoint) => endpoint.refresh()));
    },
    statuses() {
      const present = [...all().map((endpoint) => endpoint.status()), ...denied];
      const missing = SPEAKERS.filter(({ runtime }) => !present.some((status) => status.runtime === runtime));
      return [...present, ...missing.map(({ runtime }) => absent(runtime))];
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      timer = undefined;
      for (const endpoint of all()) endpoint.close();
      endpoints.clear();
    },
  };
}

function speaksTo({ runtime, sockets }: Speaker, { state, runtime: spoken, uid }: RuntimeSocket): boolean {
  if (state !== 'usable' || sockets !== spoken) return false;
  if (sockets !== 'systemd' || uid === undefined) return true;
  /** Users have no machined, and a user's bus lets in nobody else, root neither: of others' units their files tell. */
  return runtime !== 'nspawn' && uid === process.getuid?.();
}

const keyOf = ({ speaker, socket }: { speaker: Speaker; socket: RuntimeSocket }): string =>
  `${speaker.runtime} ${socket.path}`;

const notPermitted = ({ runtime, path }: RuntimeSocket): RuntimeStatus => ({
  runtime,
  endpoint: path,
  state: 'not permitted',
  detail: `${path} exists, but this user may not use it`,
  remedy: remedyFor('not permitted', path),
});

const absent = (runtime: Runtime): RuntimeStatus => ({
  runtime,
  endpoint: '',
  state: 'absent',
  detail: 'no socket found',
});
