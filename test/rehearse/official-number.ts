import { chmodSync } from "node:fs";
import { messages, NUMBER, text } from "../../connectors/whatsapp-business/test/fixtures/payloads.ts";
import { freePorts } from "@daybook/lab";
import type { Daybook } from "../e2e/support/daybook.ts";
import { GraphApi } from "../fakes/graph-api.ts";

const APP = { secret: "an app secret, made up", accessToken: "an access token, made up" };

/** An official number on a fake of Meta's Cloud API, and people who write to it. */
export class OfficialNumber {
  readonly #api: GraphApi;
  readonly #webhook: string;
  /** What `--whatsapp-business` takes. */
  readonly file: string;
  #said = 0;

  private constructor(api: GraphApi, port: number, file: string) {
    this.#api = api;
    this.#webhook = `http://127.0.0.1:${port}/webhooks/whatsapp`;
    this.file = file;
  }

  static async start(daybook: Daybook, custodian: string): Promise<OfficialNumber> {
    const api = await GraphApi.start(APP);
    api.numbers.set(NUMBER, { status: "CONNECTED", quality_rating: "GREEN" });
    const [port] = await freePorts(1);
    const settings = {
      numbers: [{ id: NUMBER, custodian }],
      appSecrets: [APP.secret],
      verifyToken: "a verify token, made up",
      accessToken: APP.accessToken,
      graphUrl: api.url,
      port,
    };
    const file = daybook.write("whatsapp-business.json", JSON.stringify(settings));
    chmodSync(file, 0o600);
    return new OfficialNumber(api, port!, file);
  }

  /** Somebody writes to it. Resolves once Meta was told that it is recorded, however often it has to ask. */
  async hear(words: string): Promise<void> {
    this.#said += 1;
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const said = text(words, { id: `wamid.${this.#said}`, timestamp });
    await this.#api.deliver(this.#webhook, messages(said));
  }

  close(): Promise<void> {
    return this.#api.close();
  }
}
