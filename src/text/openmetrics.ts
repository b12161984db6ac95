/** Text within OpenMetrics: the value of a label, or HELP. */
export const openMetricsText = (text: string): string =>
  text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));

/** A number as OpenMetrics has it. */
export const numberText = (value: number): string => (value === Number.POSITIVE_INFINITY ? '+Inf' : String(value));
