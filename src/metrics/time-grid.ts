/** Times are multiples of 1/16 ms, so that a recording, which holds them so, gives the rates that were seen. */
export const TIME_GRID = 16;

export const gridTime = (milliseconds: number): number => Math.round(milliseconds * TIME_GRID) / TIME_GRID;
