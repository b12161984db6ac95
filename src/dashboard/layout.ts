/**
 * Where things stand on the screen, by its size:
 *
 *     header     2 lines (1 on a low screen)
 *     table      all workloads        | processes of the selected one: beside the table from 150 columns,
 *     …                               | below it from 18 lines, else only in the whole-window view
 *     spark      CPU of the selected one, from 24 lines
 *     footer     1 line: keys, or the filter as it is typed
 */

export interface Area {
  readonly top: number;
  readonly left: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly header: Area;
  readonly table: Area;
  readonly processes: Area | undefined;
  readonly spark: Area | undefined;
  readonly footer: Area;
}

const BESIDE_FROM = 150;
const BELOW_FROM = 18;
const SPARK_FROM = 24;
const SPARK_LINES = 3;

export function layoutOf(width: number, height: number, details: boolean): Layout {
  const headerLines = height >= 8 ? 2 : 1;
  const footer = { top: height - 1, left: 0, width, height: 1 };
  const header = { top: 0, left: 0, width, height: headerLines };
  const body = { top: headerLines, left: 0, width, height: Math.max(0, height - headerLines - 1) };
  if (details) return { header, table: { ...body, height: 0 }, processes: body, spark: undefined, footer };
  if (width >= BESIDE_FROM && height >= BELOW_FROM) {
    const tableWidth = Math.floor(width * 0.62);
    const right = { top: body.top, left: tableWidth + 1, width: width - tableWidth - 1, height: body.height };
    const spark = { ...right, top: body.top + body.height - SPARK_LINES, height: SPARK_LINES };
    return {
      header,
      table: { ...body, width: tableWidth },
      processes: { ...right, height: right.height - SPARK_LINES },
      spark,
      footer,
    };
  }
  if (height < BELOW_FROM) return { header, table: body, processes: undefined, spark: undefined, footer };
  const sparkLines = height >= SPARK_FROM ? SPARK_LINES : 0;
  const tableLines = Math.ceil((body.height - sparkLines) * 0.6);
  const spark = sparkLines ? { ...body, top: body.top + tableLines, height: sparkLines } : undefined;
  const below = body.top + tableLines + sparkLines;
  return {
    header,
    table: { ...body, height: tableLines },
    processes: { ...body, top: below, height: height - 1 - below },
    spark,
    footer,
  };
}

/** First line of `room` lines of a list with the marked one about their middle. */
export const windowAround = (marked: number, room: number, length: number): number =>
  Math.max(0, Math.min(marked - Math.floor(room / 2), length - room));
