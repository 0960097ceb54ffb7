/** What a command knows of the process that it runs in. */
export interface CommandContext {
  readonly env: NodeJS.ProcessEnv;
  /** Writes a line to standard output: results, for people and programs. */
  readonly print: (line: string) => void;
  /** Writes a line to standard error: remarks that are no result. */
  readonly note: (line: string) => void;
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
}
