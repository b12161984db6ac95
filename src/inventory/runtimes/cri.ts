/**
 * The Kubernetes container runtime interface (gRPC), which containerd and CRI-O serve: pods, their sandboxes, containers.
 * Asked again in time: only newer runtimes tell of changes.
 *
 *     ListPodSandbox (ready) ─► PodSandboxStatus of new ones     addresses, host network, pid of pause
 *     ListContainers (running) ─► ContainerStatus of new ones    name of the image, pid, cgroup
 */

import type { Client, ServiceError } from '@grpc/grpc-js';
import type { AnyDefinition, ServiceDefinition } from '@grpc/proto-loader';
import { codeOf } from '../../kernel/error-code.ts';
import { at, listOf, textOf } from '../names/json.ts';
import type { Runtime, WorkloadDetails } from '../workload.ts';
import { ApiError, connectionError, remedyFor } from './api-error.ts';
import type { ClientContext, Refreshed, RuntimeClient } from './client.ts';
import { criContainer, criContainerStatus, criPod, criSandbox, criSandboxStatus } from './cri-parse.ts';
import { CRI_SCHEMA, type Method, SERVICE } from './cri-schema.ts';
import { hexIdOf, known } from './details.ts';
import { createInspector } from './inspector.ts';
import { patience } from './patience.ts';

const LARGEST_ANSWER = 32 * 1024 * 1024;
const MOST_LISTED = 10_000;

export async function createCriClient(runtime: Runtime, context: ClientContext): Promise<RuntimeClient> {
  const { store } = context;
  const { call, close } = await connect(context);

  const sandboxes = createInspector((id, signal) =>
    describe(id, criSandboxStatus, () => call('PodSandboxStatus', { pod_sandbox_id: id, verbose: true }, signal)),
  );
  const containers = createInspector((id, signal) =>
    describe(id, criContainerStatus, () => call('ContainerStatus', { container_id: id, verbose: true }, signal)),
  );

  /** Adds to what the list told. Whether it exists. */
  async function describe(
    id: string,
    parse: (response: unknown) => Partial<WorkloadDetails>,
    ask: () => Promise<unknown>,
  ): Promise<boolean> {
    try {
      const more = parse(await ask());
      const listed = store.get(id);
      if (listed) store.set({ ...listed, ...more });
      return true;
    } catch (error) {
      if (!(error instanceof ApiError && error.failure === 'absent')) throw error;
      store.delete(id);
      return false;
    }
  }

  async function refresh({ signal }: { signal: AbortSignal }): Promise<Refreshed> {
    const [version, pods, running] = await Promise.all([
      call('Version', {}, signal),
      call('ListPodSandbox', { filter: { state: { state: 'SANDBOX_READY' } } }, signal),
      call('ListContainers', { filter: { state: { state: 'CONTAINER_RUNNING' } } }, signal),
    ]);
    const listed = listOf(at(pods, 'items')).slice(0, MOST_LISTED);
    const sandboxed = listed.flatMap((sandbox) => criSandbox(runtime, sandbox) ?? []);
    const named = sandboxed.flatMap((sandbox) => criPod(sandbox) ?? []);
    const entries = listOf(at(running, 'containers')).slice(0, MOST_LISTED);
    const sandboxIds = new Set(sandboxed.map(({ id }) => id));
    const containerIds = new Set(entries.flatMap((entry) => hexIdOf(at(entry, 'id')) ?? []));
    store.retain(new Set([...sandboxIds, ...containerIds, ...named.map(({ id }) => id)]));
    sandboxes.retain(sandboxIds);
    containers.retain(containerIds);

    for (const details of [...named, ...sandboxed]) merge(details);
    let pending = await sandboxes.inspect(
      [...sandboxIds].filter((id) => !sandboxes.isDone(id)),
      signal,
    );
    for (const entry of entries) {
      const details = criContainer(runtime, entry, store.get);
      if (details) merge(details);
    }
    pending += await containers.inspect(
      [...containerIds].filter((id) => store.get(id) !== undefined && !containers.isDone(id)),
      signal,
    );
    const name = textOf(at(version, 'runtime_name')) ?? runtime;
    return { version: `${name} ${textOf(at(version, 'runtime_version')) ?? ''} (CRI)`, pending };
  }

  /** The name of the image that the status told is better than the list's. */
  function merge(details: WorkloadDetails): void {
    const before = store.get(details.id);
    store.set(known({ ...before, ...details, image: before?.image ?? details.image }));
  }

  return { refresh, close };
}

/** One call, and its answer. Throws ApiError. */
export async function callCri(endpoint: string, method: Method, request: object, timeoutMs: number): Promise<unknown> {
  const { call, close } = await connect({ endpoint, timeoutMs });
  try {
    return await call(method, request, new AbortController().signal);
  } finally {
    close();
  }
}

interface Connection {
  call(method: Method, request: object, signal: AbortSignal): Promise<unknown>;
  close(): void;
}

async function connect({ endpoint, timeoutMs }: Pick<ClientContext, 'endpoint' | 'timeoutMs'>): Promise<Connection> {
  const { grpc, loader } = await load();
  const described = loader.fromJSON(CRI_SCHEMA, {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
  })[SERVICE];
  if (!isService(described)) throw new ApiError('malformed', `${SERVICE} is not described`);
  const service = described;
  const client: Client = new grpc.Client(`unix:${endpoint}`, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': LARGEST_ANSWER,
    'grpc.enable_http_proxy': 0,
  });

  function call(method: Method, request: object, signal: AbortSignal): Promise<unknown> {
    const definition = service[method];
    if (definition === undefined) throw new ApiError('malformed', `${SERVICE}.${method} is not described`);
    return new Promise((resolve, reject) => {
      let isLate = false;
      const call = client.makeUnaryRequest(
        definition.path,
        definition.requestSerialize,
        definition.responseDeserialize,
        request,
        (error, response) => {
          cancel();
          signal.removeEventListener('abort', abort);
          if (error) reject(failure(endpoint, method, isLate ? { code: DEADLINE_EXCEEDED, details: '' } : error));
          else resolve(response);
        },
      );
      const abort = (): void => call.cancel();
      /** gRPC's own deadlines go by the clock. */
      const cancel = patience(
        timeoutMs,
        () => {
          isLate = true;
          abort();
        },
        { keepsAlive: true },
      );
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  return { call, close: () => client.close() };
}

async function load(): Promise<{
  grpc: typeof import('@grpc/grpc-js');
  loader: typeof import('@grpc/proto-loader');
}> {
  try {
    const [grpc, loader] = await Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')]);
    return { grpc, loader };
  } catch (error) {
    if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new ApiError('refused', 'the packages for it are not installed: names come from state on disk', {
      remedy: 'npm install @grpc/grpc-js @grpc/proto-loader',
      cause: error,
    });
  }
}

const isService = (definition: AnyDefinition | undefined): definition is ServiceDefinition =>
  definition !== undefined && !('format' in definition);

/** https://grpc.io/docs/guides/status-codes/ */
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;

function failure(endpoint: string, method: Method, error: Pick<ServiceError, 'code' | 'details'>): ApiError {
  const asked = `${endpoint}: CRI ${method}`;
  const { code, details } = error;
  switch (code) {
    case CANCELLED:
      return new ApiError('aborted', `${asked}: aborted`, { cause: error });
    case DEADLINE_EXCEEDED:
      return new ApiError('no answer', `${asked}: no answer in time`, {
        remedy: remedyFor('no answer', endpoint),
        cause: error,
      });
    case NOT_FOUND:
      return new ApiError('absent', `${asked}: ${details}`, { status: 404, cause: error });
    case PERMISSION_DENIED:
      return new ApiError('not permitted', `${asked}: ${details}`, { cause: error });
    case UNIMPLEMENTED:
      return new ApiError('absent', `${asked}: it does not serve the CRI v1: names come from its files`, {
        remedy: 'if pods run here, take "cri" out of disabled_plugins in /etc/containerd/config.toml',
        cause: error,
      });
    case UNAVAILABLE: {
      const errno = /\b(?:ENOENT|ECONNREFUSED|EACCES|EPERM)\b/.exec(details)?.[0];
      if (errno === undefined) break;
      return connectionError(endpoint, `CRI ${method}`, Object.assign(new Error(details), { code: errno }));
    }
  }
  return new ApiError('refused', `${asked}: ${details}`, { cause: error });
}
