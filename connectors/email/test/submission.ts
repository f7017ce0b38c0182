import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { SMTPServer } from "smtp-server";

/** `lost`: nothing is taken. `kept`: it is taken, and the answer never comes. `refused`: for ever. */
export type SubmissionFault = "lost" | "kept" | "refused";

/** A body's own server for programs that send mail: it takes what it is given, or breaks in a way that is asked for. */
export class SubmissionServer implements AsyncDisposable {
  readonly taken: { readonly from: string; readonly to: readonly string[]; readonly message: string }[] = [];
  /** What befalls the coming messages, in order. */
  readonly faults: SubmissionFault[] = [];
  /** Has what it takes journaled. Where nobody takes that, it is not tried again. */
  journal: ((message: string) => Promise<unknown>) | undefined;
  readonly #server: SMTPServer;

  private constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["AUTH", "STARTTLS"],
      disableReverseLookup: true,
      logger: false,
      closeTimeout: 1_000,
      onData: (stream, { envelope: { mailFrom, rcptTo } }, done) => {
        void (async () => {
          const parts: Buffer[] = [];
          for await (const part of stream as AsyncIterable<Buffer>) parts.push(part);
          const fault = this.faults.shift();
          const refuse = (responseCode: number) =>
            done(Object.assign(new Error("injected"), { responseCode }));
          if (fault === "refused") return refuse(550);
          if (fault === "lost") return refuse(451);
          const message = Buffer.concat(parts).toString();
          const to = rcptTo.map(({ address }) => address);
          this.taken.push({ from: mailFrom ? mailFrom.address : "", to, message });
          void this.journal?.(message).catch(() => undefined);
          if (fault === "kept") this.#breakOff();
          else done(null, "2.0.0 taken");
          // Who sends may be killed meanwhile.
        })().catch(done);
      },
    });
    this.#server.on("error", () => undefined);
  }

  static async start(): Promise<SubmissionServer> {
    const server = new SubmissionServer();
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server.server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  async untilTaken(count: number): Promise<void> {
    while (this.taken.length < count) await sleep(20);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #breakOff(): void {
    for (const connection of this.#server.connections) connection.close();
  }
}
