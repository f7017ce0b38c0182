/** Where a command writes. People's text or, with `--json`, one JSON document on stdout. */
export interface Output {
  readonly json: boolean;
  /** Writes the result: as JSON, or in words. */
  result(value: unknown, words: () => string): void;
  /** Writes something for people; nothing with `--json`. */
  say(text: string): void;
  /** A passing line on a terminal, replaced by the next and wiped at the end; nothing elsewhere. */
  progress(line: string | undefined): void;
}

/** @param stderr shows progress when it is a terminal and the result is for people or goes elsewhere */
export function createOutput(
  json: boolean,
  stdout: NodeJS.WritableStream = process.stdout,
  stderr: NodeJS.WriteStream = process.stderr,
): Output {
  let shown = false;
  const wipe = () => {
    if (shown) stderr.write("\r\u001b[2K");
    shown = false;
  };
  return {
    json,
    result(value, words) {
      wipe();
      const text = json ? JSON.stringify(value) : words();
      stdout.write(text.endsWith("\n") ? text : `${text}\n`);
    },
    say(text) {
      wipe();
      if (!json) stdout.write(text.endsWith("\n") ? text : `${text}\n`);
    },
    progress(line) {
      if (!stderr.isTTY) return;
      wipe();
      if (line === undefined) return;
      stderr.write(line.slice(0, (stderr.columns || 80) - 1));
      shown = true;
    },
  };
}

/** A bar for what has a known size. @param share 0 to 1 */
export function bar(share: number, label: string): string {
  const width = 24;
  const full = Math.max(0, Math.min(width, Math.round(share * width)));
  return `[${"#".repeat(full)}${" ".repeat(width - full)}] ${String(Math.round(share * 100)).padStart(3)}% ${label}`;
}

/** Text from outside, safe on a terminal: control characters, and marks that reorder a line, are shown as such. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}

/** "1 record", "2 records". */
export function howMany(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? "" : "s"}`;
}
