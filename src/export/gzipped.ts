import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const gzipAsync = promisify(gzip);

/** At the lowest level: each text is sent once, and a higher level costs far more CPU than it saves bytes. */
export const gzipped = (text: Buffer): Promise<Buffer> => gzipAsync(text, { level: 1 });
