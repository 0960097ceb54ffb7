import { type DestinationStream, type Logger, type LoggerOptions, destination as openDestination, pino } from "pino";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * Where something that must not be read could stand in what is logged. Nobody should log it in the first place; this is
 * the net below.
 */
const SECRET_PATHS = ["authorization", "token", "privateKey", "data", "stringData"].flatMap((field) => [
  field,
  `*.${field}`,
  `*.*.${field}`,
]);

const REDACTION = { paths: [...SECRET_PATHS, "headers.cookie", "*.headers.cookie"], censor: "[redacted]" };

export interface CreateLoggerOptions {
  readonly level: LogLevel;
  /** Default: standard error, written at once, so that standard output is for what programs read. */
  readonly destination?: DestinationStream;
}

/** Structured logs, one JSON object a line, with time in RFC 3339 and without what is secret. */
export function createLogger({ level, destination }: CreateLoggerOptions): Logger {
  const options: LoggerOptions = {
    level,
    redact: REDACTION,
    timestamp: pino.stdTimeFunctions.isoTime,
    base: { pid: process.pid },
    formatters: { level: (label) => ({ level: label }) },
  };
  return pino(options, destination ?? openDestination({ dest: 2, sync: true }));
}
