/**
 * Headers that say what a client takes, as Prometheus sends them:
 *
 *     Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2
 *     Accept-Encoding: gzip
 */

/** How much the client wants what is named so: from 0, not at all, to 1. */
export function qualityOf(name: string, header = ''): number {
  const qualities = header.split(',').flatMap((range) => {
    const [named = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (named !== name) return [];
    return [Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice('q='.length) ?? 1)];
  });
  return Math.max(0, ...qualities.filter((quality) => quality <= 1));
}
