import { z } from "zod";
import { SignalError } from "../error.ts";
import { Aci, type AuthenticatedChat, plain, Pni, zkgroup } from "../libsignal.ts";
import type { LinkedAccount } from "../store/account.ts";
import { askFor } from "../transport/request.ts";

const DAY_S = 86_400;
/** Signal gives them for so many days at most. */
const DAYS = 7;

const answer = z.object({
  credentials: z
    .array(z.object({ credential: z.base64(), redemptionTime: z.int().nonnegative() }))
    .max(DAYS + 1),
});

/** An account's daily credentials, by which the storage service sees that a member asks, and not which. In memory alone. */
export class GroupCredentials {
  readonly #operations: zkgroup.ClientZkAuthOperations;
  readonly #byDay = new Map<number, zkgroup.AuthCredentialWithPni>();
  #of: string | undefined;

  constructor(server: zkgroup.ServerPublicParams) {
    this.#operations = new zkgroup.ClientZkAuthOperations(server);
  }

  /**
   * What to authorize a request about a group with.
   *
   * @throws {SignalError} `unavailable`, `rate-limited`; `not-possible` for an account without a phone number
   */
  async authorization(
    chat: AuthenticatedChat,
    account: LinkedAccount,
    group: zkgroup.GroupSecretParams,
    now: Date,
  ): Promise<string> {
    const today = Math.floor(now.getTime() / 1_000 / DAY_S) * DAY_S;
    const of = `${account.aci} ${account.pni ?? ""}`;
    if (this.#of !== of) this.forget();
    if (!this.#byDay.has(today)) await this.#fetch(chat, account, today);
    this.#of = of;
    const credential = this.#byDay.get(today);
    if (!credential) throw new SignalError("unavailable", "Signal gave no credential for today");
    const shown = this.#operations.createAuthCredentialWithPniPresentation(group, credential);
    const [name, proof] = [group.getPublicParams(), shown].map((one) =>
      Buffer.from(one.serialize()).toString("hex"),
    );
    return `Basic ${Buffer.from(`${name}:${proof}`).toString("base64")}`;
  }

  /** They are asked for anew at the next occasion: the number changed, or they were not taken. */
  forget(): void {
    this.#byDay.clear();
  }

  async #fetch(chat: AuthenticatedChat, account: LinkedAccount, today: number): Promise<void> {
    if (account.pni === undefined)
      throw new SignalError(
        "not-possible",
        "this version reads no groups of accounts without a phone number",
      );
    const until = today + DAYS * DAY_S;
    const path = `/v1/certificate/auth/group?redemptionStartSeconds=${today}&redemptionEndSeconds=${until}`;
    const { credentials } = await askFor(chat, { verb: "GET", path }, answer);
    const [aci, pni] = [Aci.fromUuid(account.aci), Pni.parseFromServiceIdString(account.pni)];
    this.forget();
    for (const { credential, redemptionTime } of credentials)
      this.#byDay.set(redemptionTime, this.#receive(aci, pni, redemptionTime, credential));
  }

  #receive(aci: Aci, pni: Pni, at: number, credential: string): zkgroup.AuthCredentialWithPni {
    try {
      const response = new zkgroup.AuthCredentialWithPniResponse(plain(Buffer.from(credential, "base64")));
      return this.#operations.receiveAuthCredentialWithPniAsServiceId(aci, pni, at, response);
    } catch (cause) {
      throw new SignalError("unavailable", "a credential that Signal gave is not valid", { cause });
    }
  }
}
