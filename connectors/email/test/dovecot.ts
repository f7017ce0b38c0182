import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts, makeAuthority } from "@daybook/lab";
import { ImapFlow } from "imapflow";

/** Debian's `dovecot-imapd`, by root alone: it gives its processes to other users. */
const isHere = userInfo().uid === 0 && spawnSync("which", ["dovecot"]).status === 0;

/** Registers tests that need it; without it says so, loudly. */
export function describeWithDovecot(name: string, tests: () => void): void {
  if (!isHere) console.warn(`SKIPPED: ${name}: it needs root and the Debian package dovecot-imapd`);
  (isHere ? describe : describe.skip)(name, tests);
}

const PASSWORD = "made-up";

/** A Dovecot of its own, over TLS, with one mailbox. */
export class Dovecot implements AsyncDisposable {
  readonly port: number;
  readonly ca: string;
  /** Whose mailbox it is: there is one for whoever is named. */
  user = "ann@example.org";
  readonly dir: string;
  readonly #running: ChildProcess;

  private constructor(of: { port: number; ca: string; dir: string; running: ChildProcess }) {
    this.port = of.port;
    this.ca = of.ca;
    this.dir = of.dir;
    this.#running = of.running;
  }

  /**
   * @param tokens where it asks of tokens (RFC 7662) that it is shown by the one mechanism: besides the password, which its owner
   *   signs in with
   */
  static async start(tokens?: {
    readonly mechanism: "oauthbearer" | "xoauth2";
    readonly introspection: string;
  }): Promise<Dovecot> {
    const [port = 0] = await freePorts(1);
    const dir = mkdtempSync(join(tmpdir(), "dovecot-"));
    chmodSync(dir, 0o755);
    const authority = await makeAuthority(join(dir, "authority"));
    const server = await authority.issue({ subject: "localhost", names: ["DNS:localhost"] });
    writeFileSync(join(dir, "server.pem"), server.certificate);
    writeFileSync(join(dir, "server.key"), server.key, { mode: 0o600 });
    mkdirSync(join(dir, "mail"));
    spawnSync("chown", ["-R", "mail:mail", join(dir, "mail")]);
    const config = join(dir, "dovecot.conf");
    writeFileSync(
      join(dir, "oauth2"),
      `introspection_mode = post\nintrospection_url = ${tokens?.introspection}\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n`,
    );
    writeFileSync(
      config,
      `
base_dir = ${join(dir, "run")}
state_dir = ${join(dir, "run")}
log_path = ${join(dir, "log")}
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <${join(dir, "server.pem")}
ssl_key = <${join(dir, "server.key")}
mail_location = maildir:${join(dir, "mail")}/%u
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
mail_max_userip_connections = 100
auth_mechanisms = plain ${tokens?.mechanism ?? ""}
${tokens ? `passdb {\n  driver = oauth2\n  mechanisms = ${tokens.mechanism}\n  args = ${join(dir, "oauth2")}\n}` : ""}
passdb {
  driver = static
  mechanisms = plain
  args = password=${PASSWORD}
}
userdb {
  driver = static
  args = uid=mail gid=mail home=${join(dir, "mail")}/%u
}
namespace inbox {
  inbox = yes
  mailbox Drafts {
    auto = create
    special_use = \\Drafts
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = ${port}
    ssl = yes
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
`,
    );
    const running = spawn("dovecot", ["-F", "-c", config], { stdio: "ignore" });
    const dovecot = new Dovecot({ port, ca: authority.ca, dir, running });
    while (!(await answers(port))) {
      if (running.exitCode !== null) throw new Error("Dovecot ended");
      await sleep(50);
    }
    return dovecot;
  }

  get account() {
    return {
      host: "localhost",
      port: this.port,
      user: this.user,
      signIn: { password: () => PASSWORD },
      ca: this.ca,
      folders: [],
    };
  }

  /** The mailbox as its owner's mail program has it. */
  async owner<T>(act: (client: ImapFlow) => Promise<T>, folder = "INBOX"): Promise<T> {
    const client = new ImapFlow({
      ...{ host: "localhost", port: this.port, secure: true, logger: false, disableAutoIdle: true },
      auth: { user: this.user, pass: PASSWORD },
      tls: { ca: this.ca },
    });
    await client.connect();
    try {
      await client.mailboxOpen(folder);
      return await act(client);
    } finally {
      await client.logout();
    }
  }

  async append(message: string | Buffer, folder = "INBOX"): Promise<void> {
    await this.owner((client) => client.append(folder, Buffer.from(message)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#running, "exit");
    this.#running.kill("SIGTERM");
    await ended;
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A way to a server that can go silent: nothing is passed on and nothing is closed, as where a router forgot the line. */
export class SilentWay implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Lines that were opened so far. */
  opened = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async to(port: number): Promise<SilentWay> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const way = new SilentWay(server, (server.address() as { port: number }).port);
    server.on("connection", (socket) => way.#pass(socket, port));
    return way;
  }

  /** Lines that are open now go silent; those that come later do not. */
  silence(): void {
    for (const socket of this.#sockets) socket.pause().unpipe();
  }

  #pass(socket: Socket, port: number): void {
    this.opened += 1;
    const there = connect(port, "127.0.0.1");
    for (const one of [socket, there]) {
      this.#sockets.add(one);
      one.on("error", () => undefined);
    }
    socket.on("close", () => there.destroy());
    socket.pipe(there).pipe(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
