import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { freePorts } from "@daybook/lab";
import { check, DEPLOY } from "./tools.ts";

/** Every place that nginx.conf names, but for webhooks, sms and agents, which are capture's. */
export const PROXIED = [
  "capture",
  "console",
  "evidence",
  "gateway",
  "archiver",
  "witnessing",
  "records",
] as const;

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface Answered {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** The nginx of `infra/deploy`, over services that say what they were asked. */
export interface Proxied {
  /** Asks at the people's address, as a browser that says it comes from elsewhere. */
  readonly ask: (path: string, asked?: Asked) => Promise<Answered>;
  /** Asks at the console's own. */
  readonly askInside: (path: string, asked?: Asked) => Promise<Answered>;
  readonly services: ReadonlyMap<string, Server>;
  /** A certificate of nobody whom the front trusts, and its key. */
  readonly strange: (name: string) => Promise<{ cert: string; key: string }>;
  /** All that nginx has written down. */
  readonly logs: () => Promise<{ access: string; error: string }>;
  readonly stop: () => Promise<void>;
}

/** Starts it, on free ports of this machine alone. @param tools where nginx and openssl are */
export async function startProxied(tools: { nginx: string; openssl: string }): Promise<Proxied> {
  const dir = await mkdtemp(join(tmpdir(), "front-"));
  const certify = async (name: string, names: readonly string[]) => {
    const [cert, key] = [join(dir, name), join(dir, `${name}-key`)];
    const asked = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj".split(" ");
    const alternative = ["-addext", `subjectAltName=${names.map((one) => `DNS:${one}`).join()}`];
    await check(tools.openssl, [...asked, `/CN=${names[0]}`, ...alternative, "-keyout", key, "-out", cert]);
    return { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
  };
  const own = await certify("certificate", ["localhost", ...PROXIED]);
  const inner = await certify("inner-certificate", ["front"]);
  await writeFile(join(dir, "ca"), own.cert);

  const services = new Map<string, Server>();
  const upstreams: string[] = [];
  for (const name of [...PROXIED, "webhooks", "sms", "agents"]) {
    const service = createServer(own, echo(name)).listen(0, "127.0.0.1");
    await once(service, "listening");
    services.set(name, service);
    upstreams.push(`upstream ${name} { server 127.0.0.1:${(service.address() as AddressInfo).port}; }`);
  }
  await writeFile(join(dir, "upstreams.conf"), upstreams.join("\n"));
  const [port, innerPort] = (await freePorts(2)) as [number, number];
  const settled = async (file: string) =>
    (await readFile(join(DEPLOY, "front", file), "utf8"))
      .replaceAll("/run/secrets/", `${dir}/`)
      .replaceAll("/etc/nginx/daybook-", `${dir}/`)
      .replaceAll(/(?<=[ ])\/tmp\/(?=\w+(\.pid)?;)/g, `${dir}/`)
      .replace("listen 8443", `listen 127.0.0.1:${port}`)
      .replace("listen 8444", `listen 127.0.0.1:${innerPort}`)
      .replace("error_log stderr", `error_log ${join(dir, "error.log")}`)
      .replace("access_log /dev/stdout", `access_log ${join(dir, "access.log")}`);
  for (const file of ["nginx.conf", "inner.conf"]) await writeFile(join(dir, file), await settled(file));
  const args = ["-p", dir, "-e", join(dir, "error.log"), "-c", join(dir, "nginx.conf")];
  await check(tools.nginx, ["-t", "-q", ...args]);
  const front = spawn(tools.nginx, [...args, "-g", "daemon off;"], { stdio: "ignore" });
  while (!(await accepts(port, own.cert))) await sleep(50);

  const asker = (to: { port: number; servername: string; ca: string }) => {
    return (path: string, { method = "GET", headers, body }: Asked = {}) =>
      new Promise<Answered>((resolve, reject) => {
        const sent = { host: "daybook.example", "x-forwarded-for": "192.0.2.66", ...headers };
        request({ ...to, host: "127.0.0.1", path, method, headers: sent, agent: false }, (answer) => {
          let text = "";
          answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
          answer.on("end", () =>
            resolve({ status: answer.statusCode ?? 0, body: text, headers: answer.headers }),
          );
        })
          .on("error", reject)
          .end(body);
      });
  };
  return {
    ask: asker({ port, servername: "localhost", ca: own.cert }),
    askInside: asker({ port: innerPort, servername: "front", ca: inner.cert }),
    services,
    strange: (name) => certify(`strange-${name}`, [name]),
    logs: async () => ({
      access: await readFile(join(dir, "access.log"), "utf8"),
      error: await readFile(join(dir, "error.log"), "utf8"),
    }),
    stop: () => stop(front, [...services.values()], dir),
  };
}

/** Says who it is, and what it was asked for and by which name; what takes signed bytes, what was signed of what came. */
function echo(name: string): Parameters<typeof createServer>[1] {
  return (incoming, answer) => {
    const { method = "", url = "", headers } = incoming;
    const from = String(headers["x-forwarded-for"]);
    const hash = createHash("sha256");
    incoming.on("data", (chunk: Buffer) => hash.update(chunk));
    incoming.on("end", () => {
      const signature = headers["x-hub-signature-256"] ?? headers["daybook-signature"];
      const came = signature === undefined ? from : `${String(signature)} ${hash.digest("hex")}`;
      answer.setHeader("strict-transport-security", "max-age=1");
      answer.end(`${name} ${headers.host ?? ""} ${method} ${url} ${came}`);
    });
  };
}

async function stop(front: ChildProcess, services: readonly Server[], dir: string): Promise<void> {
  const gone = once(front, "exit");
  front.kill("SIGTERM");
  await gone;
  for (const service of services) service.close().closeAllConnections();
  await rm(dir, { recursive: true });
}

async function accepts(port: number, ca: string): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca });
  try {
    await once(socket, "secureConnect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
