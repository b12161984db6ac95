/** A pane: something that tells of the selected row, or of the machine, in lines of text. */

import type { Local } from './elsewhere.ts';
import type { Part } from './inside.ts';
import type { Scene } from './scene.ts';
import type { Line } from './style.ts';

export interface PaneRoom {
  readonly width: number;
  /** More than there is on the screen where all lines are wanted, to scroll through them. */
  readonly height: number;
  /** The first line that is shown of it. */
  readonly top: number;
  /** Keys of the panes on the screen, this one among them. */
  readonly beside: readonly string[];
}

export interface Pane {
  /** What a dashboard file calls it, as in `show: network`. */
  readonly key: string;
  readonly title: string;
  /** The parts of `scene.inside` that are read, of the selected row alone, while this pane is on the screen. */
  readonly demands: readonly Part[];
  /** Enter gives it the whole window on a screen that has no other pane; on other screens, the pane `container`. */
  readonly hasWholeWindow?: boolean;
  /** The pane of which this one is a part: where Enter shows that one, it shows all of this one too. */
  readonly partOf?: string;
  /** The key that shows all of it, where that is not Enter. */
  readonly allBy?: string;
  /** Said of a row of another machine, where the pane shows what only that machine itself can tell. */
  readonly local?: Local;
  /** May give more lines than there is room for. */
  readonly render: (scene: Scene, room: PaneRoom) => readonly Line[];
}
