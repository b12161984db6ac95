/**
 * The index of a file: where each frame of it is, so that any moment is found without reading the others. It is the payload
 * of the last frame, and the last 4 bytes of that payload are the length of the whole frame, to find it from the end. A
 * file without one, which is being written or whose writer was killed, is read from its beginning instead.
 *
 *     deflated: varint number of frames, then of each
 *       varint  kind, varint marks
 *       varint  change of the number, varint length in bytes
 *       double  time
 *     4 bytes   length of the frame, little endian
 */

import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { codeOf } from '../../kernel/error-code.ts';
import { createByteReader, createByteWriter, FormatError } from './bytes.ts';
import { FRAME_HEAD, FRAME_KINDS, frameAt, isTime, KIND_OF, MOST_FRAMES, type PlacedFrame } from './frames.ts';

const LARGEST_INDEX = MOST_FRAMES * 16;

export function indexPayload(frames: readonly PlacedFrame[]): Buffer {
  const writer = createByteWriter();
  writer.varint(frames.length);
  let number = 0;
  for (const frame of frames) {
    writer.varint(FRAME_KINDS[frame.kind]);
    writer.varint(frame.marks);
    writer.varint(frame.number - number);
    writer.varint(frame.length);
    writer.double(frame.time);
    number = frame.number;
  }
  const packed = deflateRawSync(writer.taken());
  const length = Buffer.alloc(4);
  length.writeUInt32LE(FRAME_HEAD + packed.length + 4);
  return Buffer.concat([packed, length]);
}

/** Length of the index frame at the end of a file, from the last 4 bytes of it. */
export const indexLength = (tail: Buffer): number => (tail.length < 4 ? 0 : tail.readUInt32LE(tail.length - 4));

/** `end`: the last bytes of a file, all of the index frame. Undefined where that is no index of a file of this size. */
export function parseIndex(end: Buffer, fileSize: number): readonly PlacedFrame[] | undefined {
  const head = frameAt(end, 0);
  if (head?.kind !== 'index' || head.length !== end.length) return undefined;
  try {
    const reader = createByteReader(inflateRawSync(end.subarray(FRAME_HEAD, -4), { maxOutputLength: LARGEST_INDEX }));
    const count = reader.varint();
    if (count > MOST_FRAMES) return undefined;
    const frames: PlacedFrame[] = [];
    let offset = 0;
    let number = 0;
    for (let index = 0; index < count; index++) {
      const kind = KIND_OF.get(reader.varint());
      const marks = reader.varint();
      number += reader.varint();
      const length = reader.varint();
      const time = reader.double();
      if (kind === undefined || kind === 'index' || !isTime(time))
        throw new FormatError('a frame of no known kind, or of no time');
      frames.push({ kind, marks, number, length, time, offset });
      offset += length;
    }
    return offset + end.length === fileSize ? frames : undefined;
  } catch (error) {
    if (error instanceof FormatError || error instanceof RangeError || isZlib(error)) return undefined;
    throw error;
  }
}

/** What zlib throws for bytes that it cannot inflate. */
export const isZlib = (error: unknown): boolean => /^(Z_|ERR_BUFFER|ERR_ZLIB)/.test(codeOf(error) ?? '');
