import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:https";
import { tmpdir } from "node:os";
import { connect } from "node:tls";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "@daybook/lab";
import { check, DEPLOY, describeWith } from "./support/tools.ts";

const SERVICES = ["capture", "evidence", "gateway", "archiver", "witnessing", "records"] as const;

describeWith(["nginx", "openssl"], "the people's address", ({ nginx, openssl }) => {
  let dir: string;
  let port: number;
  let front: ChildProcess;
  let certificate: string;
  const services: Server[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "front-"));
    const names = [...SERVICES, "localhost"].map((name) => `DNS:${name}`).join();
    const made = ["-keyout", join(dir, "certificate-key"), "-out", join(dir, "certificate")];
    const asked = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
    ];
    await check(openssl!, [
      ...asked,
      "-subj",
      "/CN=localhost",
      "-addext",
      `subjectAltName=${names}`,
      ...made,
    ]);
    certificate = await readFile(join(dir, "certificate"), "utf8");
    await writeFile(join(dir, "ca"), certificate);
    const key = await readFile(join(dir, "certificate-key"), "utf8");
    const upstreams: string[] = [];
    for (const name of SERVICES) {
      // Says who it is, and what it was asked for and by which name.
      const service = createServer({ cert: certificate, key }, (incoming, answer) => {
        const { method = "", url = "", headers } = incoming;
        const from = String(headers["x-forwarded-for"]);
        answer.end(`${name} ${headers.host ?? ""} ${method} ${url} ${from}`);
      }).listen(0, "127.0.0.1");
      await once(service, "listening");
      services.push(service);
      upstreams.push(
        `upstream ${name} { server 127.0.0.1:${(service.address() as { port: number }).port}; }`,
      );
    }
    await writeFile(join(dir, "upstreams.conf"), upstreams.join("\n"));
    [port] = (await freePorts(1)) as [number];
    const settings = (await readFile(join(DEPLOY, "front", "nginx.conf"), "utf8"))
      .replaceAll("/run/secrets/", `${dir}/`)
      .replace("/etc/nginx/daybook-upstreams.conf", join(dir, "upstreams.conf"))
      .replaceAll(/(?<=[ ])\/tmp\/(?=\w+(\.pid)?;)/g, `${dir}/`)
      .replace("listen 8443", `listen 127.0.0.1:${port}`)
      .replace("access_log /dev/stdout", `access_log ${join(dir, "access.log")}`);
    await writeFile(join(dir, "nginx.conf"), settings);
    await check(nginx!, ["-t", "-q", "-p", dir, "-e", join(dir, "error.log"), "-c", join(dir, "nginx.conf")]);
    const args = [
      "-p",
      dir,
      "-e",
      join(dir, "error.log"),
      "-c",
      join(dir, "nginx.conf"),
      "-g",
      "daemon off;",
    ];
    front = spawn(nginx!, args, { stdio: "ignore" });
    while (!(await accepts(port, certificate))) await sleep(50);
  });
  afterAll(async () => {
    const gone = once(front, "exit");
    front.kill("SIGTERM");
    await gone;
    for (const service of services) service.close().closeAllConnections();
    await rm(dir, { recursive: true });
  });

  const ask = (path: string, method = "GET") =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const to = {
        host: "127.0.0.1",
        servername: "localhost",
        port,
        path,
        method,
        ca: certificate,
        headers: { host: "daybook.example", "x-forwarded-for": "192.0.2.66" },
      };
      request({ ...to, agent: false }, (answer) => {
        let body = "";
        answer.on("data", (chunk: Buffer) => (body += chunk.toString()));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
      })
        .on("error", reject)
        .end();
    });

  it.each([
    ["capture", "/api/v1/imports"],
    ["capture", "/api/v1/imports/7?wait=1"],
    ["evidence", "/api/v1/exports"],
    ["evidence", "/api/v1/exports/7/package"],
    ["archiver", "/api/v1/log/0/checkpoint"],
    ["archiver", "/api/v1/log/audit/tile/entries/x001/067"],
    ["gateway", "/api/v1/messages"],
    ["gateway", "/api/v1/messages/0"],
    ["witnessing", "/api/v1/log/0/witnessed"],
    ["records", "/api/v1/log/vkeys"],
    ["records", "/api/v1/log/prove/checkpoint-of-mine"],
    ["records", "/api/v1/search?words=a%20b%2Fc"],
    ["records", "/api/v1/importsofmine"],
    ["records", "/api/v1/openapi.json"],
  ])(
    "has %s answer %s, by its own name, the path as it came and who asks, whatever they say",
    async (service, path) => {
      await expect(ask(path, "POST")).resolves.toEqual({
        status: 200,
        body: `${service} ${service} POST ${path} 127.0.0.1`,
      });
    },
  );

  it.each([
    "/",
    "/internal/v1/introspect",
    "/%69nternal/v1/introspect",
    "/api/../internal/v1/introspect",
    "/api/%2e%2e/internal/v1/introspect",
    "/api/..%2finternal/v1/introspect",
    "/api/v1/imports/../../../internal/v1/spool",
    "//internal/v1/spool",
    "/metrics",
    "/healthz",
    "/apix",
  ])("lets nobody at %s", async (path) => {
    await expect(ask(path)).resolves.toMatchObject({ status: 404 });
  });

  it("writes no word of a search down", async () => {
    await ask("/api/v1/search?words=unmistakable-word");

    for (const log of ["access.log", "error.log"]) {
      expect(await readFile(join(dir, log), "utf8")).not.toContain("unmistakable-word");
    }
    expect(await readFile(join(dir, "access.log"), "utf8")).toContain("/api/v1/search 200");
  });

  it("says nothing of a service whose certificate is another's", async () => {
    const records = services[SERVICES.indexOf("records")]!;
    const [key, cert] = [join(dir, "other-key"), join(dir, "other")];
    const asked = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
    ];
    await check(openssl!, [...asked, "-subj", "/CN=records", "-keyout", key, "-out", cert]);
    records.setSecureContext({ key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") });
    records.closeAllConnections();

    await expect(ask("/api/v1/status")).resolves.toMatchObject({ status: 502 });
  });
});

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
