import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Proxy } from "@daybook/lab";
import type { Deployment } from "../../deployment/deployment.ts";
import type { Supervisor } from "./keep-running.ts";
import type { Parts, Step } from "./plan.ts";
import type { SmallDisk } from "../small-disk.ts";
import type { StoreProxy } from "../store-proxy.ts";

const DAY_MS = 86_400_000;

/** What faults are done to. */
export interface Spoilable {
  readonly deployment: Deployment;
  readonly supervisor: Supervisor;
  readonly store: StoreProxy;
  /** `spool` and `broker`, where they could be mounted. */
  readonly disks: ReadonlyMap<string, SmallDisk>;
  /** A file a service, from which it has its clock. */
  readonly clocks: string;
}

/** Services that faults of the plan are done to. */
export function partsOf({ deployment, disks }: Pick<Spoilable, "deployment" | "disks">): Parts {
  const services = [...deployment.services.keys()];
  return {
    services,
    links: [...Object.keys(deployment.engines.links), ...deployment.serviceLinks.keys()],
    disks: [...disks.keys()],
  };
}

/** Sets a service's clock: so many ms ahead of the machine's. */
export function setClock(clocks: string, service: string, offsetMs: number): void {
  writeFileSync(join(clocks, service), String(offsetMs));
}

/** Does one fault. @returns what undoes it */
export async function spoil(step: Step, of: Spoilable): Promise<() => Promise<void>> {
  const { kind, target, amount } = step;
  const { deployment, supervisor, store, disks, clocks } = of;
  const { kafka, store: gateway, postgres } = deployment.engines;
  const service = deployment.services.get(target);
  switch (kind) {
    case "kill":
      await supervisor.down(target);
      return async () => supervisor.up(target);
    case "pause":
      service!.signal("SIGSTOP");
      return async () => service!.signal("SIGCONT");
    case "broker-restart":
      await kafka.stop("SIGKILL");
      return () => kafka.restart();
    case "broker-pause":
      kafka.signal("SIGSTOP");
      return async () => kafka.signal("SIGCONT");
    case "full-disk": {
      const disk = disks.get(target)!;
      disk.fill();
      return async () => {
        await disk.makeRoom();
        // A broker whose disk was full has ended, or serves some of its files no more.
        if (target === "broker") await kafka.restart();
      };
    }
    case "store-503":
    case "store-cut":
    case "store-lost-answer":
      store.spoil({ kind, share: amount });
      return async () => store.heal(kind);
    case "store-slow":
      store.spoil({ kind, delayMs: amount });
      return async () => store.heal(kind);
    case "store-pause":
      gateway.signal("SIGSTOP");
      return async () => gateway.signal("SIGCONT");
    case "database-gone":
      await postgres.stop("SIGKILL");
      return () => postgres.restart();
    case "clock": {
      const whose = target === "all" ? [...deployment.services.keys()] : [target];
      for (const name of whose) setClock(clocks, name, amount * DAY_MS);
      return async () => {
        for (const name of whose) setClock(clocks, name, 0);
      };
    }
    default:
      return spoilLink(step, linkOf(target, deployment));
  }
}

async function spoilLink({ kind, amount }: Step, link: Proxy): Promise<() => Promise<void>> {
  if (kind === "link-cut") await link.cut();
  for (const direction of ["upstream", "downstream"] as const) {
    if (kind === "link-latency")
      await link.toxic({ type: "latency", latency: amount, jitter: Math.floor(amount / 2) }, direction);
    if (kind === "link-bandwidth") await link.toxic({ type: "bandwidth", rate: amount }, direction);
    if (kind === "link-reset") await link.toxic({ type: "reset_peer", timeout: amount }, direction);
  }
  return () => link.heal();
}

function linkOf(name: string, { engines, serviceLinks }: Deployment): Proxy {
  const links: Partial<Record<string, Proxy>> = engines.links;
  const link = serviceLinks.get(name) ?? links[name];
  if (!link) throw new Error(`there is no link ${name}`);
  return link;
}
