import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The most memory that a server and the Node processes it started have had resident, bytes, added up. Linux only. */
export function peakBytes(server: number): number {
  const children = readdirSync(`/proc/${server}/task`).flatMap((thread) =>
    (readFileSync(`/proc/${server}/task/${thread}/children`, "utf8").match(/\d+/g) ?? []).map(Number),
  );
  const program = (pid: number) => readlinkSync(`/proc/${pid}/exe`);
  const ours = [server, ...children.filter((child) => program(child) === program(server))];
  return ours
    .map(
      (pid) => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024,
    )
    .reduce((sum, bytes) => sum + bytes, 0);
}
