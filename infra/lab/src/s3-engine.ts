import type { Engine } from "./engine.ts";
import { freePorts } from "./free-port.ts";

/** A pair of keys that signs requests to an S3 store. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A real S3 store on 127.0.0.1, for tests. */
export interface S3Engine extends Engine {
  readonly endpoint: string;
  readonly region: string;
  /** The store's own administrator, who may do whatever its locks allow. */
  readonly root: S3Credentials;
}

/** Where a store keeps its files, and where it listens: by default on a port that nobody has. */
export interface S3EngineOptions {
  /** Made when it is not there. Started again on the same directory, the store has the same objects. */
  readonly dir: string;
  readonly port?: number;
}

/** Both engines' default, and what requests to them are signed for. */
export const LAB_REGION = "us-east-1";

/** Where an engine listens: on this port of 127.0.0.1, or on one that nobody has. */
export async function localAddress(port?: number): Promise<string> {
  const ports = port === undefined ? await freePorts(1) : [port];
  return `127.0.0.1:${ports.join("")}`;
}
