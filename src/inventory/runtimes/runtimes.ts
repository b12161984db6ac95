/** Every runtime's API on this machine: found by its socket, asked all at once, each failing for itself alone. */
import { statSync } from 'node:fs';
import { findSockets, type RuntimeSocket } from '../sockets.ts';
import type { Runtime } from '../workload.ts';
import type { CreateClient } from './client.ts';
import type { WorkloadDetails } from './details.ts';
import { type Endpoint, openEndpoint, type RuntimeStatus } from './endpoint.ts';
import { TIMEOUT_MS } from './unix-http.ts';

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
   * By id of a container or pod, or name of a machine or unit. What the system's runtimes say goes first; with a `uid`,
   * that user's runtimes go first and other users' are not believed.
   */
  details(id: string, uid?: number): WorkloadDetails | undefined;
  /** All at once; never rejects, and takes no longer than the time-out once the modules are loaded. Those that failed lately are left alone. */
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
    createClient: async (context) => (await import('./cri.ts')).createCriClient('containerd', context),
  },
  {
    runtime: 'cri-o',
    sockets: 'cri-o',
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

/** New sockets are noticed so soon. */
const RESCAN_MS = 5_000;

export function openRuntimes(options: RuntimesOptions): Runtimes {
  const { sockets = findSockets, timeoutMs = TIMEOUT_MS, watch, onChange = () => undefined } = options;
  const endpoints = new Map<string, { readonly endpoint: Endpoint; readonly stamp: string }>();
  let denied: readonly RuntimeStatus[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  /** Opens what came, and closes what went or was replaced. */
  function scan(): void {
    const found = sockets();
    denied = found.filter(({ state }) => state === 'not permitted').map(notPermitted);
    const wanted = new Map<string, () => Endpoint>();
    const stamps = new Map<string, string>();
    for (const { runtime, path, state, uid } of found) {
      if (state !== 'usable') continue;
      for (const speaker of SPEAKERS) {
        /** Users have no machined. */
        if (speaker.sockets !== runtime || (speaker.runtime === 'nspawn' && uid !== undefined)) continue;
        const key = `${speaker.runtime} ${path}`;
        stamps.set(key, stampOf(path));
        wanted.set(key, () =>
          openEndpoint({
            ...speaker,
            endpoint: path,
            timeoutMs,
            watch,
            onChange,
            ...(uid !== undefined && { uid }),
          }),
        );
      }
    }
    for (const [key, { endpoint, stamp }] of endpoints) {
      if (stamps.get(key) === stamp) continue;
      endpoint.close();
      endpoints.delete(key);
    }
    for (const [key, open] of wanted) {
      if (!endpoints.has(key)) endpoints.set(key, { endpoint: open(), stamp: stamps.get(key) ?? '' });
    }
  }

  const all = (): Endpoint[] => [...endpoints.values()].map(({ endpoint }) => endpoint);

  /** All modules first: loading one would make another's answer late. */
  async function prepare(): Promise<void> {
    scan();
    await Promise.all(all().map((endpoint) => endpoint.load()));
    for (const endpoint of all()) endpoint.start();
  }

  const rescan = (): void => {
    void prepare();
    timer = setTimeout(rescan, RESCAN_MS).unref();
  };
  if (watch) rescan();

  return {
    details(id, uid) {
      let others: WorkloadDetails | undefined;
      let system: WorkloadDetails | undefined;
      for (const { endpoint } of endpoints.values()) {
        const details = endpoint.get(id);
        if (details === undefined) continue;
        if (endpoint.uid === undefined) system ??= details;
        else if (uid === undefined) others ??= details;
        else if (endpoint.uid === uid) return details;
      }
      return system ?? others;
    },
    async refresh() {
      if (isClosed) return;
      await prepare();
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
      for (const endpoint of all()) endpoint.close();
      endpoints.clear();
    },
  };
}

/** Another socket at the same path is another daemon: it need not wait for what the former did. */
function stampOf(path: string): string {
  try {
    const { dev, ino, ctimeMs } = statSync(path);
    return `${dev} ${ino} ${ctimeMs}`;
  } catch {
    return '';
  }
}

const notPermitted = ({ runtime, path }: RuntimeSocket): RuntimeStatus => ({
  runtime,
  endpoint: path,
  state: 'not permitted',
  detail: `${path} exists, but this user may not use it`,
  remedy: `run with sudo, or join the socket's group: usermod -aG "$(stat -c %G ${path})" "$USER"`,
});

const absent = (runtime: Runtime): RuntimeStatus => ({
  runtime,
  endpoint: '',
  state: 'absent',
  detail: 'no socket found',
});
