/**
 * What the exporter tells of itself: its requests, its passes over the cgroups, and what it costs. prom-client keeps the
 * figures.
 */

import { readdirSync, statSync } from 'node:fs';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { USEC_PER_SECOND } from '../kernel/time-units.ts';
import { type Format, type Instrument, instrumentText } from './exposition.ts';

export interface Instruments {
  /** A request was answered with this status. */
  answered(code: number): void;
  /** A pass was made and written as text. */
  scraped(seconds: number): void;
  /** A connection was closed before it had its answer: too slow, or no HTTP. */
  dropped(): void;
  text(format: Format): Promise<string>;
}

const DESCRIPTORS = '/proc/self/fd';

/** The size of that folder from Linux 6.2 on; before, it was 0, and each of the thousands of names is read. */
const openDescriptors = (): number => statSync(DESCRIPTORS).size || readdirSync(DESCRIPTORS).length;

export function createInstruments(): Instruments {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'tscg_export_requests_total',
    help: 'Requests by the status they were answered with.',
    labelNames: ['code'],
    registers,
  });
  const scrapes = new Histogram({
    name: 'tscg_export_scrape_seconds',
    help: 'What it took to read all cgroups and to write the text.',
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const drops = new Counter({
    name: 'tscg_export_dropped_total',
    help: 'Connections that were closed without an answer: too slow, too many, or not HTTP.',
    registers,
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the exporter.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / USEC_PER_SECOND);
    },
  });
  gauge('process_resident_memory_bytes', 'Resident memory of the exporter.', () => process.memoryUsage.rss());
  gauge('process_open_fds', 'Open descriptors of the exporter.', openDescriptors);
  const started = Date.now() / 1000 - process.uptime();
  gauge('process_start_time_seconds', 'When the exporter started, in seconds since the epoch.', () => started);

  return {
    answered: (code) => requests.inc({ code }),
    scraped: (seconds) => scrapes.observe(seconds),
    dropped: () => drops.inc(),
    text: async (format) => {
      const found: readonly Instrument[] = await registry.getMetricsAsJSON();
      return found.map((instrument) => instrumentText(instrument, format)).join('');
    },
  };
}
