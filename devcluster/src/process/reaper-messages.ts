/** What a supervisor tells its reaper, one JSON object a line. */
export type ReaperMessage =
  | { do: 'watch'; pid: number; signal: NodeJS.Signals; graceMs: number }
  | { do: 'forget'; pid: number }
  | { do: 'remove-directory'; path: string };
