import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connector, Sink } from "@daybook/contract";
import { describeConnector } from "@daybook/contract/testing";
import { GraphApi } from "../../../test/fakes/graph-api.ts";
import { WhatsAppBusiness } from "../src/index.ts";
import { messages, NUMBER, text } from "./fixtures/payloads.ts";
import { APP, CUSTODIAN, VERIFY_TOKEN } from "./support/office.ts";

const dir = mkdtempSync(join(tmpdir(), "whatsapp-business-contract-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let made = 0;

/** Meta sends one message after another, each until it is answered with 200. */
describeConnector("whatsapp-business", () => {
  const waiting: string[] = [];
  const acknowledged: string[] = [];
  return {
    acknowledged,
    deliver: (id) => void waiting.push(id),
    connector: (): Connector => ({
      async run(sink: Sink, signal: AbortSignal) {
        const api = await GraphApi.start(APP);
        const connector = new WhatsAppBusiness({
          numbers: [{ phoneNumberId: NUMBER, custodian: CUSTODIAN }],
          appSecrets: () => [APP.secret],
          verifyToken: () => VERIFY_TOKEN,
          accessToken: () => APP.accessToken,
          graphUrl: api.url,
          stateFile: join(dir, `state-${(made += 1)}`),
          key: Buffer.alloc(32, 7),
          log: { info: () => undefined, warn: () => undefined, error: () => undefined },
        });
        const server = createServer(connector.webhook);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/whatsapp`;
        const running = connector.run(sink, signal);
        while (!signal.aborted) {
          const [id] = waiting;
          if (id === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
          else if ((await api.post(url, GraphApi.encode(messages(text("A word", { id }))))) === 200)
            acknowledged.push(waiting.shift()!);
        }
        await running;
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await api.close();
      },
    }),
  };
});
