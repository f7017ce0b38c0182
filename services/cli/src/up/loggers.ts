import { createLogger, type Logger } from "@daybook/runtime";

/** One logger a service, all into one file. */
export interface Loggers {
  of(service: string): Logger;
  close(): Promise<unknown>;
}

export function createLoggers(file: string): Loggers {
  const loggers = new Map<string, Logger>();
  return {
    of(service: string): Logger {
      const known = loggers.get(service) ?? createLogger(service, "info", { file });
      loggers.set(service, known);
      return known;
    },
    close: () => Promise.all([...loggers.values()].map((logger) => logger.close())),
  };
}
