/**
 * The moments of one file from its bytes; pure but for `read`, which gives a part of them. What is not whole is mended by
 * its parity frame where that is there; else it costs that moment, and those after it up to the next key frame where no
 * parity mends it.
 */

import { FormatError } from './bytes.ts';
import { createDecoder, type Decoded, type Decoder, decodeHeader } from './decode.ts';
import { indexLength, parseIndex } from './file-index.ts';
import { FRAME_HEAD, frameAt, MOST_FRAMES, type PlacedFrame, scanFrames } from './frames.ts';
import type { Moment, RecordingHeader } from './moment.ts';
import { mended, parityLengths } from './parity.ts';

export interface FileBytes {
  readonly size: number;
  /** Bytes from `offset` on, fewer at the end. */
  read(offset: number, length: number): Buffer;
}

export interface RecordedFile {
  /** The header of the moment of that number; the first one that can be read where that one is lost. */
  header(number: number): RecordingHeader;
  /** The moments by their numbers. A number is missing where its frame is lost. */
  readonly moments: readonly MomentPlace[];
  /** Whether it has its index: nothing more is written to it. */
  readonly isEnded: boolean;
  /** The moment of that number; undefined where it is lost. */
  decode(number: number): Moment | undefined;
  /** What was not whole so far, a sentence each. */
  readonly damage: () => readonly string[];
}

export interface MomentPlace {
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly marks: number;
}

/** Throws FormatError where there is no header, RecordingVersionError. */
export function openFile(file: FileBytes): RecordedFile {
  const { frames, isIndexed, damage } = framesOf(file);
  const { note, noted } = momentNotes();
  const whole = (frame: PlacedFrame | undefined): Buffer | undefined => wholeFrame(file, frame);
  const parts = partsOf(
    frames.filter(({ kind }) => kind === 'header'),
    whole,
  );
  const keys = frames.filter(({ kind }) => kind === 'key');
  const byNumber = new Map<number, PlacedFrame>();
  for (const frame of frames) {
    if ((frame.kind === 'key' || frame.kind === 'delta') && !byNumber.has(frame.number))
      byNumber.set(frame.number, frame);
  }
  const parities = frames.filter(({ kind }) => kind === 'parity');
  /** Moments of which only a parity frame tells. */
  const mendable = isIndexed ? [] : missingMoments(file, byNumber, parities);
  const moments: MomentPlace[] = [...byNumber.values(), ...mendable].sort((a, b) => a.number - b.number);
  let last: { readonly number: number; readonly decoded: Decoded } | undefined;

  function deltaOf(number: number): Buffer | undefined {
    const own = whole(byNumber.get(number));
    if (own) return own;
    const bytes = mendedDelta(number);
    note(number, bytes ? 'had to be mended: the frame is damaged' : 'cannot be read: the frame is damaged');
    return bytes;
  }

  function mendedDelta(number: number): Buffer | undefined {
    const parity = parities.find((frame) => frame.number >= number);
    const bytes = whole(parity);
    if (!parity || !bytes) return undefined;
    const payload = bytes.subarray(FRAME_HEAD);
    const { lengths } = parityLengths(payload);
    const first = parity.number - lengths.length + 1;
    if (number < first) return undefined;
    const others = lengths.map((_, index) =>
      first + index === number ? undefined : whole(byNumber.get(first + index)),
    );
    const made = mended(payload, others, number - first);
    return made && frameAt(made, 0) ? made : undefined;
  }

  /** The key frame of that number, decoded, from a copy of it that is whole. */
  function keyAt(number: number): { readonly number: number; readonly decoded: Decoded } | undefined {
    for (const frame of keys) {
      if (frame.number !== number) continue;
      const bytes = whole(frame);
      if (bytes) return { number, decoded: parts.decoder(number).key(bytes.subarray(FRAME_HEAD), frame.time) };
      note(number, 'lost a key frame, which is damaged');
    }
    return undefined;
  }

  function decode(number: number): Decoded | undefined {
    if (last?.number === number) return last.decoded;
    const key = keys.findLast((frame) => frame.number <= number)?.number ?? -1;
    const isNear = last !== undefined && last.number < number && last.number >= key;
    let at = isNear ? last : keyAt(key);
    // A key frame that is lost with its copy: the deltas after it hang on it.
    if (!at) return undefined;
    while (at.number < number) {
      const bytes = deltaOf(at.number + 1);
      if (!bytes) return undefined;
      const time: number = frameAt(bytes, 0)?.time ?? Number.NaN;
      const number: number = at.number + 1;
      at = { number, decoded: parts.decoder(number).delta(bytes.subarray(FRAME_HEAD), time, at.decoded) };
    }
    last = at;
    return at.decoded;
  }

  return {
    header: parts.header,
    moments,
    isEnded: isIndexed,
    decode: (number) => {
      try {
        const told = decode(number)?.told();
        if (told?.hasImpossible)
          note(number, 'told figures that cannot be, below 0 or more than any machine has: they are unavailable');
        return told?.moment;
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        note(number, `cannot be read: ${error.message}`);
        return undefined;
      }
    },
    damage: () => [...damage, ...noted()],
  };
}

/** The whole frame; undefined where it is not there or not whole. */
function wholeFrame(file: FileBytes, frame: PlacedFrame | undefined): Buffer | undefined {
  if (!frame) return undefined;
  const bytes = file.read(frame.offset, frame.length);
  return frameAt(bytes, 0)?.length === frame.length ? bytes : undefined;
}

/** Moments with one header. */
interface Part {
  /** Of its first moment. */
  readonly number: number;
  readonly header: RecordingHeader;
  readonly decoder: Decoder;
}

/**
 * Which header and decoder a moment has: those of the last header up to its number. Throws FormatError where there is no
 * header.
 */
function partsOf(
  headers: readonly PlacedFrame[],
  whole: (frame: PlacedFrame) => Buffer | undefined,
): { header(number: number): RecordingHeader; decoder(number: number): Decoder } {
  /** Undefined where both copies of that header are damaged. */
  function partFrom(number: number): Part | undefined {
    for (const frame of headers) {
      const bytes = frame.number === number ? whole(frame) : undefined;
      if (!bytes) continue;
      const header = decodeHeader(bytes.subarray(FRAME_HEAD));
      return { number, header, decoder: createDecoder(header) };
    }
    return undefined;
  }

  let first: Part | undefined;
  for (const { number } of headers) first ??= partFrom(number);
  if (!first) throw new FormatError('this is no recording of tscg: it has no header');
  /** Of the moment that was asked for last. */
  let last: Part | undefined = first;

  function partOf(number: number): Part | undefined {
    const from = headers.findLast((frame) => frame.number <= number)?.number ?? -1;
    if (last?.number !== from) last = partFrom(from);
    return last;
  }

  const { header } = first;
  return {
    header: (number) => partOf(number)?.header ?? header,
    decoder: (number) => {
      const part = partOf(number);
      if (!part) throw new FormatError('its header is damaged');
      return part.decoder;
    },
  };
}

/** What was wrong with moments: `moments 5 to 9 cannot be read: …`. */
function momentNotes(): { note(number: number, fault: string): void; noted(): string[] } {
  const faults = new Map<string, Set<number>>();
  return {
    note: (number, fault) => void faults.set(fault, (faults.get(fault) ?? new Set()).add(number)),
    noted: () => [...faults].flatMap(([fault, numbers]) => runsOf(numbers).map((run) => `${run} ${fault}`)),
  };
}

/** `moment 3`, `moments 5 to 9`: a recording that is damaged throughout is one of them. */
function runsOf(numbers: ReadonlySet<number>): string[] {
  const sorted = [...numbers].sort((a, b) => a - b);
  const firsts = sorted.filter((number) => !numbers.has(number - 1));
  const lasts = sorted.filter((number) => !numbers.has(number + 1));
  return firsts.map((first, index) => {
    const last = lasts[index] ?? first;
    return first === last ? `moment ${first}` : `moments ${first} to ${last}`;
  });
}

/** `damage`: what of the file is no frame, a sentence each. */
function framesOf(file: FileBytes): {
  readonly frames: readonly PlacedFrame[];
  readonly isIndexed: boolean;
  readonly damage: readonly string[];
} {
  const length = indexLength(file.read(Math.max(0, file.size - 4), 4));
  if (length > FRAME_HEAD && length <= file.size) {
    const frames = parseIndex(file.read(file.size - length, length), file.size);
    if (frames) return { frames, isIndexed: true, damage: [] };
  }
  const { frames, gaps } = scanFrames(file.read(0, file.size));
  const damage = gaps.map(({ offset, length }) =>
    offset + length === file.size
      ? `the last ${length} bytes are no whole frame`
      : `${length} bytes from ${offset} on are damaged`,
  );
  return { frames: inOneCount(frames), isIndexed: false, damage };
}

/** Where several recordings are in one file, one after the other, the moments of each are counted on from those before. */
function inOneCount(frames: readonly PlacedFrame[]): readonly PlacedFrame[] {
  let [before, last] = [0, -1];
  return frames.map((frame) => {
    // A header has the number of the moment that follows.
    if (frame.kind === 'header' && before + frame.number <= last) before = last + 1;
    const number = before + frame.number;
    if (frame.kind === 'key' || frame.kind === 'delta') last = Math.max(last, number);
    return before === 0 ? frame : { ...frame, number };
  });
}

/** Moments without a frame of their own that a parity frame stands for; their time is between those around them. */
function missingMoments(
  file: FileBytes,
  known: ReadonlyMap<number, PlacedFrame>,
  parities: readonly PlacedFrame[],
): MomentPlace[] {
  const missing: MomentPlace[] = [];
  for (const parity of parities) {
    const payload = file.read(parity.offset, parity.length).subarray(FRAME_HEAD);
    const { lengths } = parityLengths(payload);
    if (missing.length + lengths.length > MOST_FRAMES) break;
    const first = parity.number - lengths.length + 1;
    for (let number = Math.max(0, first); number <= parity.number; number++) {
      if (known.has(number)) continue;
      const [before, after] = [known.get(number - 1)?.time, known.get(number + 1)?.time];
      missing.push({ number, time: before ?? after ?? parity.time, marks: 0 });
    }
  }
  return missing;
}
