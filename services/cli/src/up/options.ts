import type { ConnectorsGiven } from "./connectors.ts";

/** What `daybook up` is told on the command line. */
export interface UpOptions extends ConnectorsGiven {
  readonly home?: string | undefined;
  readonly host: string;
  readonly port?: number | undefined;
  readonly sample: boolean;
  /** Agents on devices come to this port. */
  readonly agentsPort?: number;
  /** Witnesses as `VKEY URL`, and how many of them a checkpoint needs; all, if left out. */
  readonly witness?: readonly string[];
  readonly quorum?: number;
  /** Address of a time-stamp authority, and the file of its root certificates, PEM. */
  readonly tsa?: string;
  readonly tsaCa?: string;
}
