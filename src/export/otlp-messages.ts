/**
 * The messages of OTLP/HTTP as protobuf, which every receiver takes: VictoriaMetrics takes nothing else. Those that gauges and
 * sums are made of, and what a receiver answers. Names and numbers are those of
 * https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto (metrics/v1, common/v1, resource/v1,
 * collector/metrics/v1) and of google.rpc.Status, in JSON's spelling.
 */
import { fromJSON, type MethodDefinition } from '@grpc/proto-loader';

export const CONTENT_TYPE = 'application/x-protobuf';

const message = (fields: Readonly<Record<string, readonly [id: number, type: string, rule?: 'repeated']>>) => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [id, type, rule]]) => [name, rule ? { id, type, rule } : { id, type }]),
  ),
});

const SCHEMA: Parameters<typeof fromJSON>[0] = {
  nested: {
    MetricsService: {
      methods: {
        Export: { requestType: 'Request', responseType: 'Response', comment: '' },
        Refuse: { requestType: 'Request', responseType: 'Status', comment: '' },
      },
    },
    Request: message({ resourceMetrics: [1, 'ResourceMetrics', 'repeated'] }),
    Response: message({ partialSuccess: [1, 'PartialSuccess'] }),
    PartialSuccess: message({ rejectedDataPoints: [1, 'int64'], errorMessage: [2, 'string'] }),
    Status: message({ code: [1, 'int32'], message: [2, 'string'] }),
    ResourceMetrics: message({ resource: [1, 'Resource'], scopeMetrics: [2, 'ScopeMetrics', 'repeated'] }),
    Resource: message({ attributes: [1, 'KeyValue', 'repeated'] }),
    ScopeMetrics: message({ scope: [1, 'InstrumentationScope'], metrics: [2, 'Metric', 'repeated'] }),
    InstrumentationScope: message({ name: [1, 'string'], version: [2, 'string'] }),
    Metric: message({ name: [1, 'string'], unit: [3, 'string'], gauge: [5, 'Gauge'], sum: [7, 'Sum'] }),
    Gauge: message({ dataPoints: [1, 'NumberDataPoint', 'repeated'] }),
    Sum: message({
      dataPoints: [1, 'NumberDataPoint', 'repeated'],
      aggregationTemporality: [2, 'int32'],
      isMonotonic: [3, 'bool'],
    }),
    NumberDataPoint: message({
      timeUnixNano: [3, 'fixed64'],
      asDouble: [4, 'double'],
      attributes: [7, 'KeyValue', 'repeated'],
    }),
    KeyValue: message({ key: [1, 'string'], value: [2, 'AnyValue'] }),
    AnyValue: message({ stringValue: [1, 'string'] }),
  },
};

const { Export, Refuse } = methodsOf('MetricsService');

function methodsOf(name: string): { readonly Export: Method; readonly Refuse: Method } {
  const service = fromJSON(SCHEMA, { longs: Number })[name];
  if (!service || !('Export' in service && 'Refuse' in service)) throw new Error(`${name} is no service`);
  return { Export: service.Export, Refuse: service.Refuse };
}

type Method = MethodDefinition<object, object>;

export const encodedRequest = (resourceMetrics: readonly object[]): Buffer =>
  Export.requestSerialize({ resourceMetrics });

/** What a receiver says of a request that it took, and of one that it refused; undefined where that is no such message. */
export const decodedResponse = (bytes: Buffer): object | undefined => decodedBy(Export, bytes);
export const decodedStatus = (bytes: Buffer): object | undefined => decodedBy(Refuse, bytes);

function decodedBy({ responseDeserialize }: Method, bytes: Buffer): object | undefined {
  try {
    return responseDeserialize(bytes);
  } catch {
    return undefined;
  }
}
