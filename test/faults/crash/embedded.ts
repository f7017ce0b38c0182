import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Stores } from "@daybook/archive-core";
import { openDirectoryStores } from "@daybook/directory";
import { Daybook } from "../../e2e/support/daybook.ts";
import type { Blow, Crashable } from "./describe-crashes.ts";

/** `daybook up`: one process, which is killed whole. */
export class Embedded extends Daybook implements Crashable {
  readonly blows: Crashable["blows"] = {
    importing: [800, 1_600, 2_400].map((ms) => this.#after(ms)),
    exporting: [600, 1_200].map((ms) => this.#after(ms)),
    disposing: [400, 700].map((ms) => this.#after(ms)),
  };

  async start(): Promise<void> {
    if (!this.isUp) await this.up();
  }

  async stores(): Promise<Stores> {
    await this.stop();
    const at = (name: string) => join(this.home, name);
    return openDirectoryStores({ objects: at("objects"), heads: at("heads"), keyring: at("keyring") });
  }

  #after(ms: number): Blow {
    return {
      name: `after ${ms} ms`,
      strike: async () => {
        await sleep(ms);
        await this.stop("SIGKILL");
        return true;
      },
    };
  }
}
