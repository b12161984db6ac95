/** Text within OpenMetrics: the value of a label, or HELP. */
export const openMetricsText = (text: string): string =>
  text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
