/**
 * The messages of OTLP/HTTP as protobuf, which every receiver takes: VictoriaMetrics takes nothing else. Numbers of fields are
 * those of https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto (metrics/v1, common/v1,
 * resource/v1). They are written here, as protobufjs takes twice as long over so many small messages.
 */

export const CONTENT_TYPE = 'application/x-protobuf';

export type Attributes = readonly (readonly [key: string, value: string])[];

/** How a field is written: a varint, eight bytes, or a length and so many bytes. */
const [VARINT, EIGHT_BYTES, BYTES] = [0, 1, 2];
const tag = (id: number, type: number): number => (id << 3) | type;

/** Of a tag and a length below 2^28. */
const MOST_HEAD = 5;

/** A text, or a message whose fields are the parts. */
function field(id: number, parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = Buffer.allocUnsafe(MOST_HEAD + length);
  let at = 0;
  bytes[at++] = tag(id, BYTES);
  let left = length;
  for (; left > 0x7f; left >>>= 7) bytes[at++] = (left & 0x7f) | 0x80;
  bytes[at++] = left;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes.subarray(0, at);
}

const text = (id: number, value: string): Buffer => field(id, [Buffer.from(value)]);

const fieldsOf = (id: number, attributes: Attributes): Buffer[] =>
  attributes.map(([key, value]) => field(id, [text(1, key), field(2, [text(1, value)])]));

/** In nanoseconds since the epoch: when a figure was so, and since when a sum counts; a gauge has no start. */
export interface PointTimes {
  readonly time: bigint;
  readonly start: bigint | undefined;
}

/** NumberDataPoint. */
export function pointOf(value: number, { time, start }: PointTimes, attributes: Attributes): Buffer {
  const figures = Buffer.allocUnsafe(start === undefined ? 18 : 27);
  let at = start === undefined ? 0 : eightBytes(figures, 0, 2, start);
  at = eightBytes(figures, at, 3, time);
  figures[at] = tag(4, EIGHT_BYTES);
  figures.writeDoubleLE(value, at + 1);
  return field(1, attributes.length === 0 ? [figures] : [figures, ...fieldsOf(7, attributes)]);
}

/** Writes a fixed64 there; gives where it ends. */
function eightBytes(bytes: Buffer, at: number, id: number, value: bigint): number {
  bytes[at] = tag(id, EIGHT_BYTES);
  return bytes.writeBigUInt64LE(value, at + 1);
}

/** AGGREGATION_TEMPORALITY_CUMULATIVE: a counter is what it is since the cgroup was made, whatever was not received. */
const CUMULATIVE = Buffer.of(tag(2, VARINT), 2);
const MONOTONIC = Buffer.of(tag(3, VARINT), 1);

export function metricOf(
  { name, unit, instrument }: { readonly name: string; readonly unit: string; readonly instrument: string },
  points: readonly Buffer[],
): Buffer {
  const sum = instrument === 'counter' ? [...points, CUMULATIVE, MONOTONIC] : [...points, CUMULATIVE];
  return field(2, [headOf(name, unit), instrument === 'gauge' ? field(5, points) : field(7, sum)]);
}

/** By name: there are as many as the catalogue has. */
const HEADS = new Map<string, Buffer>();

function headOf(name: string, unit: string): Buffer {
  const head = HEADS.get(name) ?? Buffer.concat([text(1, name), text(3, unit)]);
  HEADS.set(name, head);
  return head;
}

/** ResourceMetrics with one scope. */
export const resourceOf = (attributes: Attributes, metrics: readonly Buffer[], version: string): Buffer =>
  field(1, [field(1, fieldsOf(1, attributes)), field(2, [field(1, [text(1, 'tscg'), text(2, version)]), ...metrics])]);
