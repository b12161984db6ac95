/** A text written as bytes into a buffer that grows: ten megabytes take a tenth of the time that strings take. */
export interface Bytes {
  text(text: string): void;
  add(bytes: Uint8Array): void;
  /** One line of three parts; `text` is ASCII of at most MOST_ASCII characters. */
  line(name: Buffer, labels: Buffer, text: string): void;
  /** A view of all that was written; what is written later does not change it. */
  done(): Buffer;
}

const MOST_ASCII = 64;
const NEWLINE = 10;

export function createBytes(size: number): Bytes {
  let buffer = Buffer.allocUnsafe(Math.max(size, 1024));
  let at = 0;

  function room(more: number): void {
    if (at + more <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + more));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  }

  function add(bytes: Uint8Array): void {
    room(bytes.length);
    buffer.set(bytes, at);
    at += bytes.length;
  }

  return {
    text: (text) => add(Buffer.from(text)),
    add,
    line(name, labels, text) {
      room(name.length + labels.length + MOST_ASCII + 1);
      buffer.set(name, at);
      at += name.length;
      buffer.set(labels, at);
      at += labels.length;
      // A call of Buffer.write takes longer than these few characters do.
      for (let index = 0; index < text.length; index++) buffer[at++] = text.charCodeAt(index);
      buffer[at++] = NEWLINE;
    },
    done: () => buffer.subarray(0, at),
  };
}
