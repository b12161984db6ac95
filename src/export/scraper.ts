/** Answers scrapes. Each is one pass over all cgroups; scrapers that ask at the same time, or within a second, share one. */
import type { Frame, Source } from '../metrics/source.ts';
import { createWriter, endText, type Format, type IsWanted } from './exposition.ts';
import type { Instruments } from './instruments.ts';

export interface Scraper {
  /** A whole exposition, in parts. Throws where the cgroups could not be read. */
  scrape(format: Format): Promise<readonly Buffer[]>;
}

export interface ScraperOptions {
  readonly source: Source;
  readonly instruments: Instruments;
  readonly isWanted: IsWanted;
  /** Milliseconds between two passes. A scrape before that has the figures of the last pass: many scrapers cost no more than one. */
  readonly leastApart?: number;
}

export function createScraper({ source, instruments, isWanted, leastApart = 1000 }: ScraperOptions): Scraper {
  let pass: Promise<Frame> | undefined;
  let since = Number.NEGATIVE_INFINITY;
  const writers = { openmetrics: createWriter('openmetrics', isWanted), text: createWriter('text', isWanted) };
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
        body = writers[format](frame);
        known.set(format, body);
        instruments.scraped((performance.now() - started) / 1000);
      }
      return [body, Buffer.from(`${await instruments.text(format)}${endText(format)}`)];
    },
  };
}
