/** Rectangles of the screen, in cells, and the grid of 12 x 12 in which the cells of a dashboard lie. */

export interface Area {
  readonly top: number;
  readonly left: number;
  readonly width: number;
  readonly height: number;
}

/** Top, left, rows, columns of the grid. */
export type GridPlace = readonly [top: number, left: number, rows: number, columns: number];

export const GRID = 12;

/** Where a cell of the grid lies in the body of the screen; neighbours touch. */
export function cellArea([top, left, rows, columns]: GridPlace, body: Area): Area {
  const x = (column: number): number => body.left + Math.floor((body.width * column) / GRID);
  const y = (row: number): number => body.top + Math.floor((body.height * row) / GRID);
  return { top: y(top), left: x(left), width: x(left + columns) - x(left), height: y(top + rows) - y(top) };
}

/** A gap of one column between a cell and the one to its right. */
export const inner = (area: Area, body: Area): Area =>
  area.left + area.width < body.left + body.width ? { ...area, width: area.width - 1 } : area;

export const isIn = (
  { top, left, width, height }: Area,
  { x, y }: { readonly x: number; readonly y: number },
): boolean => x >= left && x < left + width && y >= top && y < top + height;
