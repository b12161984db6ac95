/** Answers scrapes. Each is one pass over all cgroups; scrapers that ask at the same time, or within a second, share one. */

import type { Frame, Source } from '../metrics/source.ts';
import { createWriter, endText, type Format, type IsWanted } from './exposition.ts';
import { gzipped } from './gzipped.ts';
import type { Instruments } from './instruments.ts';

export interface Scraper {
  /**
   * A whole exposition, in parts. Scrapers that share a pass share the parts too: however many are slow to read them, they are
   * held once. Throws where the cgroups could not be read.
   */
  scrape(format: Format, isPacked?: boolean): Promise<Parts>;
}

type Parts = readonly Buffer[];

export interface ScraperOptions {
  readonly source: Source;
  readonly instruments: Instruments;
  readonly isWanted: IsWanted;
  /**
   * Milliseconds between two passes. A scrape before that has the figures of the last pass: many scrapers cost no more than
   * one.
   */
  readonly leastApart?: number;
}

interface Pass {
  readonly started: number;
  readonly frame: Promise<Frame>;
  readonly texts: Map<Format, Promise<Parts>>;
  readonly packed: Map<Format, Promise<Parts>>;
}

export function createScraper({ source, instruments, isWanted, leastApart = 1000 }: ScraperOptions): Scraper {
  const writers = { openmetrics: createWriter('openmetrics', isWanted), text: createWriter('text', isWanted) };
  let last: Pass | undefined;
  let isReading = false;

  /** The last pass, as long as it is new or under way, else the next one. */
  function current(): Pass {
    const started = performance.now();
    if (last && (isReading || started - last.started < leastApart)) return last;
    isReading = true;
    const frame = source.next();
    const pass: Pass = { started, frame, texts: new Map(), packed: new Map() };
    last = pass;
    frame
      // After a pass that failed, the next scrape makes another one.
      .catch(() => {
        if (last === pass) last = undefined;
      })
      .finally(() => {
        isReading = false;
      });
    return pass;
  }

  async function write({ frame }: Pass, format: Format): Promise<Parts> {
    const started = performance.now();
    const body = writers[format](await frame);
    instruments.scraped((performance.now() - started) / 1000);
    return [body, Buffer.from(`${await instruments.text(format)}${endText(format)}`)];
  }

  return {
    scrape(format, isPacked = false) {
      const pass = current();
      const text = madeOnce(pass.texts, format, () => write(pass, format));
      return isPacked ? madeOnce(pass.packed, format, async () => [await gzipped(Buffer.concat(await text))]) : text;
    },
  };
}

function madeOnce(known: Map<Format, Promise<Parts>>, format: Format, make: () => Promise<Parts>): Promise<Parts> {
  const made = known.get(format) ?? make();
  known.set(format, made);
  return made;
}
