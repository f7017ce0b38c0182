import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { uploaded, uploadedLarge } from "./support/attachments.ts";
import { data } from "./support/contents.ts";
import { describeServers } from "./support/describe-servers.ts";
import { Office } from "./support/office.ts";

const RECEIVER = join(import.meta.dirname, "children", "receiver.ts");
const MEBIBYTES = 100;
const SMALL_MEBIBYTES = 20;
/** Of the process at its height: what the collector has not got to. Whoever held it whole would grow by 80 at least. */
const MAX_GROWTH_MIB = 60;

let office: Office;
afterEach(() => office.close());

interface Said {
  readonly peakKib: number;
  readonly sizeBytes?: number;
  readonly sha256?: string;
}

it("takes an attachment of 100 MiB with the memory of a small one", async () => {
  office = await Office.open();
  const { server } = office.mock;
  const friend = await server.createPrimaryDevice({ profileName: "Fred" });
  const phone = await server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
  const device = await office.link(phone, [friend]);
  await office.stop();
  const small = await uploaded(office.mock, Buffer.alloc(SMALL_MEBIBYTES * 1024 * 1024));
  const large = await uploadedLarge(office.mock, MEBIBYTES);

  const child = spawn(process.execPath, [RECEIVER, office.dir, describeServers(office)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value as string) as Said;
  await next();
  await friend.sendRaw(device, data({ body: "small", attachments: [small] }), {
    timestamp: 1_000,
    sealed: true,
  });
  const before = await next();
  await friend.sendRaw(device, data({ body: "large", attachments: [large] }), {
    timestamp: 2_000,
    sealed: true,
  });
  const after = await next();
  child.kill("SIGKILL");
  await once(child, "close");

  expect(after.sizeBytes).toBe(MEBIBYTES * 1024 * 1024);
  expect(after.peakKib - before.peakKib).toBeLessThan(MAX_GROWTH_MIB * 1024);
  office.start();
});
