/**
 * A parity frame stands for the frames before it: their bytes one over the other, by exclusive or. With it and all of them
 * but one, that one is made again. Payload:
 *
 *     varint   number of frames
 *     varint   length in bytes of each
 *     bytes    the exclusive or of all, each filled up with zeros to the longest
 */

import { createByteReader, createByteWriter, FormatError } from './bytes.ts';

export function parityOf(frames: readonly Uint8Array[]): Buffer {
  const writer = createByteWriter();
  writer.varint(frames.length);
  for (const { length } of frames) writer.varint(length);
  const sum = new Uint8Array(Math.max(0, ...frames.map(({ length }) => length)));
  for (const frame of frames) addTo(sum, frame);
  writer.bytes(sum);
  return Buffer.from(writer.taken());
}

function addTo(sum: Uint8Array, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at++) sum[at] = (sum[at] ?? 0) ^ (bytes[at] ?? 0);
}

const MOST_FRAMES = 1024;

/** Length of each frame that the parity frame stands for. Throws FormatError. */
export function parityLengths(payload: Buffer): { readonly lengths: readonly number[]; readonly sum: Buffer } {
  const reader = createByteReader(payload);
  const count = reader.varint();
  if (count > MOST_FRAMES) throw new FormatError('too many frames in a parity frame');
  const lengths = Array.from({ length: count }, () => reader.varint());
  return { lengths, sum: reader.bytes(reader.left()) };
}

/** The frame at `missing`, from the parity and all others. Undefined where it cannot be. */
export function mended(
  payload: Buffer,
  frames: readonly (Uint8Array | undefined)[],
  missing: number,
): Buffer | undefined {
  const { lengths, sum } = parityLengths(payload);
  const length = lengths[missing];
  if (length === undefined || length > sum.length || frames.length !== lengths.length) return undefined;
  const made = Buffer.from(sum);
  for (const [index, frame] of frames.entries()) {
    if (index === missing) continue;
    if (frame === undefined || frame.length !== lengths[index]) return undefined;
    addTo(made, frame);
  }
  return made.subarray(0, length);
}
