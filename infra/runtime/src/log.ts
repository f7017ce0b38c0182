import { createWriteStream, openSync } from "node:fs";
import { Writable } from "node:stream";
import { createLogger as createWinston, format } from "winston";
import { printable } from "./printable.ts";

const LEVELS = { fatal: 0, error: 1, warn: 2, info: 3, debug: 4 } as const;

/** From `fatal`, which ends the process, to `debug`. */
export type LogLevel = keyof typeof LEVELS;

/** What varies in a log line. Keyed references, counts and codes: never text, names, numbers or tokens. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line: the sentence never varies, the fields do. */
export interface LogMethod {
  (fields: LogFields, sentence: string): void;
  (sentence: string): void;
}

/** `warn` will heal by itself; `error` needs somebody to look. */
export interface Logger extends Readonly<Record<LogLevel, LogMethod>> {
  /** A logger that adds the same fields to every line. */
  child(fields: LogFields): Logger;
  /** Resolves once everything logged so far is with the operating system. Nothing may be logged after. */
  close(): Promise<void>;
}

/**
 * A logger that writes JSON, one line an entry: `timestamp`, `level`, `service`, `message` and the fields.
 * Secrets print as `[secret]`, bytes as their length, errors as name, code and places in the source: the
 * message of an error only when its code shows it to be one of ours, whose messages hold no user data.
 *
 * @param to stdout unless given; a `file` is appended to and made with mode 0600
 * @throws the system's error when the file cannot be opened
 */
export function createLogger(
  service: string,
  level: LogLevel = "info",
  to: { stream?: Writable; file?: string } = {},
): Logger {
  const own = to.file !== undefined;
  const stream: Writable = to.file
    ? createWriteStream(to.file, { fd: openSync(to.file, "a", 0o600) })
    : (to.stream ?? process.stdout);
  // A reader that went away (`| head`) must not end the service.
  stream.on("error", () => undefined);
  const winston = createWinston({
    levels: LEVELS,
    level,
    format: format.printf(({ level: at, message, fields }) =>
      JSON.stringify({
        timestamp: new Date().toISOString(),
        level: at,
        service,
        message,
        ...(fields as Record<string, unknown>),
      }),
    ),
  });
  winston.pipe(linesTo(stream));
  const close = () =>
    new Promise<void>((resolve) => {
      if (own) stream.end(() => resolve());
      else stream.write("", () => resolve());
    });
  const write: Write = (at, message, fields) => {
    if (LEVELS[at] <= LEVELS[level]) winston.log({ level: at, message, fields: fieldsOf(fields) });
  };
  return loggerOver(write, {}, close);
}

const MESSAGE = Symbol.for("message");

function linesTo(stream: Writable): Writable {
  return new Writable({
    objectMode: true,
    write: (entry: Record<symbol, unknown>, _, next) => {
      stream.write(`${String(entry[MESSAGE])}\n`);
      next();
    },
  });
}

type Write = (level: LogLevel, message: string, fields: LogFields) => void;

function loggerOver(write: Write, always: LogFields, close: () => Promise<void>): Logger {
  const method =
    (level: LogLevel): LogMethod =>
    (first: LogFields | string, sentence?: string) => {
      const fields = typeof first === "string" ? {} : first;
      const message = typeof first === "string" ? first : (sentence ?? "");
      write(level, message, { ...always, ...fields });
    };
  return {
    fatal: method("fatal"),
    error: method("error"),
    warn: method("warn"),
    info: method("info"),
    debug: method("debug"),
    child: (fields) => loggerOver(write, { ...always, ...fields }, close),
    close,
  };
}

const RESERVED: ReadonlySet<string> = new Set(["timestamp", "level", "service", "message"]);

function fieldsOf(fields: LogFields): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    result[RESERVED.has(name) ? `${name}_` : name] = printable(value);
  }
  return result;
}
