import { BlockList, isIP } from "node:net";
import type { TLSSocket } from "node:tls";

/** Who may hand over mail. Anybody else could send what looks like a journal. */
export interface Sources {
  /** IP addresses, or networks as `192.0.2.0/24`. */
  readonly addresses: readonly string[];
  /** Names in client certificates that the client authority signed. */
  readonly names: readonly string[];
}

/** Judges who is at the other end of a connection. */
export class Trust {
  readonly #list = new BlockList();
  readonly #names: ReadonlySet<string>;

  /** @throws {TypeError} for an address that is none */
  constructor({ addresses, names }: Sources) {
    for (const one of addresses) {
      const [address = "", prefix] = one.split("/");
      const family = isIP(address) === 6 ? "ipv6" : "ipv4";
      if (isIP(address) === 0) throw new TypeError("a source of mail is no IP address");
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
    this.#names = new Set(names.map((name) => name.toLowerCase()));
  }

  /** Whether it is one of the addresses. */
  hasAddress(remote: string): boolean {
    const bare = remote.replace(/^::ffff:(?=\d+\.)/i, "");
    const version = isIP(bare);
    return version !== 0 && this.#list.check(bare, version === 6 ? "ipv6" : "ipv4");
  }

  /** Whether its certificate is signed by the client authority and bears one of the names. */
  hasCertificate(socket: TLSSocket): boolean {
    if (!socket.authorized) return false;
    const { subject, subjectaltname = "" } = socket.getPeerCertificate();
    const alternatives = subjectaltname.split(", ").flatMap((one) => /^DNS:(.+)$/.exec(one)?.[1] ?? []);
    const common = [subject.CN].flat().filter((one) => one !== undefined);
    return [...alternatives, ...common].some((name) => this.#names.has(name.toLowerCase()));
  }
}
