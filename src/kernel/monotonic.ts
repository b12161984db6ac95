/** CLOCK_MONOTONIC in milliseconds: the clock of the times in `Columns`, which all processes of the machine share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
