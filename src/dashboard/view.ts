/** The whole picture as lines and charts in rectangles: what is drawn on the terminal. */

import type { Area } from './area.ts';
import type { Chart } from './chart-view.ts';
import type { Line } from './style.ts';

/** Lines in a rectangle of the screen. */
export interface Block {
  readonly area: Area;
  readonly lines: readonly Line[];
}

export interface View {
  readonly header: Block;
  readonly table: Block;
  /** The panes. */
  readonly panes: readonly Block[];
  readonly charts: readonly Chart[];
  readonly spark?: { readonly area: Area; readonly title: string; readonly values: readonly number[] };
  /** Covers everything: a long message hides the lines above it. */
  readonly footer: Block;
  /** Covers everything but the footer. */
  readonly overlay?: readonly Line[];
}
