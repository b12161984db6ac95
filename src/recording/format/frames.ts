/**
 * A recording is a sequence of frames, each of which tells where it ends and whether it is whole:
 *
 *     0   4  marker  F5 74 73 63
 *     4   1  kind    one of FRAME_KINDS
 *     5   1  marks   bits of what happened in it (MARKS)
 *     6   2  zero
 *     8   4  number of the moment, from 0 in each file; little endian, as all numbers
 *    12   8  time: milliseconds since the epoch, a double
 *    20   4  length of the payload
 *    24   4  CRC-32 of bytes 4 to 23 and of the payload
 *    28      payload, raw deflate
 *
 * A frame that is not whole is passed over: the next one is found by its marker and its CRC.
 */

import { crc32 } from 'node:zlib';

export const FRAME_KINDS = { header: 72, key: 75, delta: 68, parity: 80, index: 88 } as const;
export type FrameKind = keyof typeof FRAME_KINDS;

/** By the code of the kind. */
export const KIND_OF: ReadonlyMap<number, FrameKind> = new Map(
  Object.entries(FRAME_KINDS).flatMap(([name, code]) => (isFrameKind(name) ? [[code, name] as const] : [])),
);

function isFrameKind(name: string): name is FrameKind {
  return Object.hasOwn(FRAME_KINDS, name);
}

/** Bits of `marks`. */
export const MARKS = { event: 1, oom: 2, finding: 4, change: 8 } as const;
export type FrameMark = keyof typeof MARKS;

export const FRAME_HEAD = 28;
/** Bytes of a payload, compressed: a thousand times what a second of 200 containers takes. */
const LARGEST_PAYLOAD = 16 << 20;
const MARKER = Buffer.from([0xf5, 0x74, 0x73, 0x63]);

export interface FrameHead {
  readonly kind: FrameKind;
  readonly marks: number;
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export interface PlacedFrame extends FrameHead {
  /** Where it begins, and its whole length in bytes. */
  readonly offset: number;
  readonly length: number;
}

export function encodeFrame({ kind, marks, number, time }: FrameHead, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(FRAME_HEAD + payload.length);
  MARKER.copy(frame);
  frame[4] = FRAME_KINDS[kind];
  frame[5] = marks;
  frame.writeUInt32LE(number, 8);
  frame.writeDoubleLE(time, 12);
  frame.writeUInt32LE(payload.length, 20);
  frame.set(payload, FRAME_HEAD);
  frame.writeUInt32LE(checkSum(frame), 24);
  return frame;
}

/** Whether a Date can hold it, in any time zone. */
export const isTime = (time: number): boolean => Math.abs(time) <= MOST_TIME;

const MOST_TIME = 8.63e15;

const checkSum = (frame: Buffer): number => crc32(frame.subarray(FRAME_HEAD), crc32(frame.subarray(4, 24)));

/** Length of the frame that seems to begin there; undefined where none does. */
function lengthAt(bytes: Buffer, offset: number): number | undefined {
  if (offset + FRAME_HEAD > bytes.length || bytes.compare(MARKER, 0, 4, offset, offset + 4) !== 0) return undefined;
  const size = bytes.readUInt32LE(offset + 20);
  const length = FRAME_HEAD + size;
  return size > LARGEST_PAYLOAD || offset + length > bytes.length ? undefined : length;
}

/** The frame that begins there; undefined where there is none that is whole. */
export function frameAt(bytes: Buffer, offset: number): PlacedFrame | undefined {
  const length = lengthAt(bytes, offset);
  const kind = KIND_OF.get(bytes[offset + 4] ?? 0);
  if (length === undefined || kind === undefined) return undefined;
  if (checkSum(bytes.subarray(offset, offset + length)) !== bytes.readUInt32LE(offset + 24)) return undefined;
  const time = bytes.readDoubleLE(offset + 12);
  if (!isTime(time)) return undefined;
  const marks = bytes[offset + 5] ?? 0;
  const number = bytes.readUInt32LE(offset + 8);
  return { kind, marks, number, time, offset, length };
}

export interface Scanned {
  readonly frames: readonly PlacedFrame[];
  /** Stretches that hold no whole frame; one that reaches to the end is a torn tail. */
  readonly gaps: readonly { readonly offset: number; readonly length: number }[];
}

/** Frames of a file, at most: a day of seconds, and more. */
export const MOST_FRAMES = 1 << 20;

/**
 * All frames that are whole, in their order. What is forged so that it would take a very long time to go through is a gap from
 * there on: more frames than any file has, or markers of frames that claim the same bytes again and again.
 */
export function scanFrames(bytes: Buffer): Scanned {
  const frames: PlacedFrame[] = [];
  const gaps: { offset: number; length: number }[] = [];
  let at = 0;
  let gap = -1;
  /** Bytes that may still be gone through in vain. Those of frames that are damaged are gone through once. */
  let left = bytes.length + 4 * LARGEST_PAYLOAD;
  while (at < bytes.length) {
    const frame = frames.length < MOST_FRAMES ? frameAt(bytes, at) : undefined;
    if (frame) {
      if (gap >= 0) gaps.push({ offset: gap, length: at - gap });
      gap = -1;
      frames.push(frame);
      at += frame.length;
      continue;
    }
    if (gap < 0) gap = at;
    left -= lengthAt(bytes, at) ?? 0;
    if (left < 0 || frames.length >= MOST_FRAMES) break;
    const next = bytes.indexOf(MARKER, at + 1);
    at = next < 0 ? bytes.length : next;
  }
  if (gap >= 0) gaps.push({ offset: gap, length: bytes.length - gap });
  return { frames, gaps };
}
