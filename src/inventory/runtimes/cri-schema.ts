/**
 * The part of the Kubernetes container runtime interface that is used here, as protobufjs describes it in JSON; a .proto
 * file would not be found beside the compiled program. Names and numbers are those of runtime.v1:
 * https://github.com/kubernetes/cri-api/blob/master/pkg/apis/runtime/v1/api.proto
 */

import type { fromJSON } from '@grpc/proto-loader';

type Field = { id: number; type: string; rule?: 'repeated' } | { id: number; type: string; keyType: string };

/** `['id string', '', 'labels map']`: fields from number 1 on, `` where one is left out. */
function message(...fields: readonly string[]): { fields: Record<string, Field> } {
  const described = fields.flatMap((text, index): [string, Field][] => {
    const [name = '', type = '', rule] = text.split(' ');
    if (name === '') return [];
    const id = index + 1;
    if (type === 'map') return [[name, { id, keyType: 'string', type: 'string' }]];
    return [[name, rule === 'repeated' ? { id, type, rule } : { id, type }]];
  });
  return { fields: Object.fromEntries(described) };
}

/** protobufjs' types demand a comment. */
const method = (name: string): { requestType: string; responseType: string; comment: string } => ({
  requestType: `${name}Request`,
  responseType: `${name}Response`,
  comment: '',
});

export const SERVICE = 'runtime.v1.RuntimeService';
export const METHODS = [
  'Version',
  'ListPodSandbox',
  'PodSandboxStatus',
  'ListContainers',
  'ContainerStatus',
  'UpdateContainerResources',
] as const;
export type Method = (typeof METHODS)[number];

export const CRI_SCHEMA: Parameters<typeof fromJSON>[0] = {
  nested: {
    runtime: {
      nested: {
        v1: {
          nested: {
            RuntimeService: { methods: Object.fromEntries(METHODS.map((name) => [name, method(name)])) },

            VersionRequest: message('version string'),
            VersionResponse: message(
              'version string',
              'runtime_name string',
              'runtime_version string',
              'runtime_api_version string',
            ),

            PodSandboxState: { values: { SANDBOX_READY: 0, SANDBOX_NOTREADY: 1 } },
            PodSandboxStateValue: message('state PodSandboxState'),
            PodSandboxFilter: message('id string', 'state PodSandboxStateValue', 'label_selector map'),
            ListPodSandboxRequest: message('filter PodSandboxFilter'),
            ListPodSandboxResponse: message('items PodSandbox repeated'),
            PodSandboxMetadata: message('name string', 'uid string', 'namespace string', 'attempt uint32'),
            PodSandbox: message(
              'id string',
              'metadata PodSandboxMetadata',
              'state PodSandboxState',
              'created_at int64',
              'labels map',
              'annotations map',
              'runtime_handler string',
            ),

            PodSandboxStatusRequest: message('pod_sandbox_id string', 'verbose bool'),
            PodSandboxStatusResponse: message('status PodSandboxStatus', 'info map'),
            PodSandboxStatus: message(
              'id string',
              'metadata PodSandboxMetadata',
              'state PodSandboxState',
              'created_at int64',
              'network PodSandboxNetworkStatus',
              'linux LinuxPodSandboxStatus',
              'labels map',
              'annotations map',
              'runtime_handler string',
            ),
            PodIP: message('ip string'),
            PodSandboxNetworkStatus: message('ip string', 'additional_ips PodIP repeated'),
            LinuxPodSandboxStatus: message('namespaces Namespace'),
            Namespace: message('', 'options NamespaceOption'),
            NamespaceOption: message('network NamespaceMode', 'pid NamespaceMode', 'ipc NamespaceMode'),
            NamespaceMode: { values: { POD: 0, CONTAINER: 1, NODE: 2, TARGET: 3 } },

            ContainerState: {
              values: { CONTAINER_CREATED: 0, CONTAINER_RUNNING: 1, CONTAINER_EXITED: 2, CONTAINER_UNKNOWN: 3 },
            },
            ContainerStateValue: message('state ContainerState'),
            ContainerFilter: message(
              'id string',
              'state ContainerStateValue',
              'pod_sandbox_id string',
              'label_selector map',
            ),
            ListContainersRequest: message('filter ContainerFilter'),
            ListContainersResponse: message('containers Container repeated'),
            ContainerMetadata: message('name string', 'attempt uint32'),
            ImageSpec: message('image string'),
            Container: message(
              'id string',
              'pod_sandbox_id string',
              'metadata ContainerMetadata',
              'image ImageSpec',
              'image_ref string',
              'state ContainerState',
              'created_at int64',
              'labels map',
              'annotations map',
            ),

            ContainerStatusRequest: message('container_id string', 'verbose bool'),
            ContainerStatusResponse: message('status ContainerStatus', 'info map'),
            ContainerStatus: message(
              'id string',
              'metadata ContainerMetadata',
              'state ContainerState',
              'created_at int64',
              'started_at int64',
              'finished_at int64',
              'exit_code int32',
              'image ImageSpec',
              'image_ref string',
              'reason string',
              'message string',
              'labels map',
              'annotations map',
            ),

            LinuxContainerResources: message(
              'cpu_period int64',
              'cpu_quota int64',
              'cpu_shares int64',
              'memory_limit_in_bytes int64',
              'oom_score_adj int64',
              'cpuset_cpus string',
              'cpuset_mems string',
            ),
            UpdateContainerResourcesRequest: message('container_id string', 'linux LinuxContainerResources'),
            UpdateContainerResourcesResponse: message(),
          },
        },
      },
    },
  },
};
