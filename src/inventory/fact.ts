/** Something that was found out about a workload, as `tscg` and tstop show it: a label and its text. Text is not cleaned. */
export interface Fact {
  readonly label: string;
  readonly text: string;
}
