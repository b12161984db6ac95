import type { Collector, CollectorOptions } from './collector.ts';
import { createFallbackCollector } from './collector-fallback.ts';
import { loadNative } from './native.ts';
import { createNativeCollector } from './native-collector.ts';

/** The addon's Collector where the addon loads (see `loadNative`), else the one in TypeScript. */
export function openCollector(options: CollectorOptions): Collector {
  const { native } = loadNative();
  return native ? createNativeCollector(native, options) : createFallbackCollector(options);
}
