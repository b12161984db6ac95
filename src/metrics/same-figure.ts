/**
 * Whether two figures are the same one; NaN, which is unavailable, is the same as NaN. V8 allocates both of them where Object.is
 * compares them, which counts where a loop goes over all rows.
 */
export const isSameFigure = (one: number, other: number): boolean =>
  one === other || (Number.isNaN(one) && Number.isNaN(other));
