/** How many of one unit of time another one has. The kernel tells most times in microseconds. */

export const MS_PER_SECOND = 1000;
export const USEC_PER_SECOND = 1_000_000;
