/** Answers scrapes. Each is one pass over all cgroups; scrapers that ask at the same time, or within a second, share one. */
import type { Frame, Source } from '../metrics/source.ts';
import { endText, exportedRows, type Format, frameBytes } from './exposition.ts';
import type { Instruments } from './instruments.ts';

export interface Scraper {
  /** A whole exposition. Throws where the cgroups could not be read. */
  scrape(format: Format): Promise<Buffer>;
}

export interface ScraperOptions {
  readonly source: Source;
  readonly instruments: Instruments;
  /** Which workloads are exported. */
  readonly isWanted: (frame: Frame, row: number) => boolean;
  /** Milliseconds between two passes. A scrape before that has the figures of the last pass: many scrapers cost no more than one. */
  readonly leastApart?: number;
}

export function createScraper({ source, instruments, isWanted, leastApart = 1000 }: ScraperOptions): Scraper {
  let pass: Promise<Frame> | undefined;
  let since = Number.NEGATIVE_INFINITY;
  /** Bytes of the last body: the next one will have about as many. */
  let size = 0;
  let bodies = new Map<Format, Buffer>();

  function next(): Promise<Frame> {
    if (pass && performance.now() - since < leastApart) return pass;
    since = performance.now();
    bodies = new Map();
    const taken = source.next();
    pass = taken;
    // After a pass that failed, the next scrape makes another one.
    taken.catch(() => {
      if (pass === taken) pass = undefined;
    });
    return taken;
  }

  return {
    async scrape(format) {
      const started = performance.now();
      const frame = await next();
      const known = bodies;
      let body = known.get(format);
      if (body === undefined) {
        const rows = exportedRows(frame, (row) => isWanted(frame, row));
        body = frameBytes(frame, rows, format, size);
        size = body.length;
        known.set(format, body);
        instruments.scraped((performance.now() - started) / 1000);
      }
      return Buffer.concat([body, Buffer.from(`${await instruments.text(format)}${endText(format)}`)]);
    },
  };
}
