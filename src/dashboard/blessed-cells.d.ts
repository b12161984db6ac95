/** What blessed draws from, which its types leave out. */

export interface CellRow extends Array<[attributes: number, character: string]> {
  /** Whether a cell changed since the row was drawn. */
  dirty: boolean;
}

declare module 'blessed' {
  namespace Widgets {
    interface Screen {
      /** By row, then by column. */
      readonly lines: readonly CellRow[];
    }
  }
}
