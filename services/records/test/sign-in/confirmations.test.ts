import { randomBytes } from "node:crypto";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import type { ApiClient } from "@daybook/runtime";
import { createDeployment, type Deployment, type Running } from "../support/deployment.ts";
import { SoftwareAuthenticator } from "../support/software-authenticator.ts";
import { acts, ORIGIN, type Signed } from "./support.ts";

const MINUTE_MS = 60_000;
const START = randomBytes(32).toString("base64url");

interface Begun {
  readonly ceremony: string;
  readonly options: unknown;
}

(hasPostgres ? describe : describe.skip)("showing again who one is", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  const acting = acts(() => running);
  const { post, somebody, signIn } = acting;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start({
      sample: true,
      signIn: {
        origin: ORIGIN,
        limits: { perMinute: 10_000 },
        trial: { token: START, people: [{ name: "Chidi", roles: ["administrator"] }] },
      },
    });
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const first = { status: 403, code: "confirm-first" };
  const refused = { status: 403, code: "sign-in-refused" };
  const state = (by: ApiClient) => by.call("get", "/api/v1/self/confirmation");
  const begin = async (by: ApiClient) =>
    (await by.call("post", "/api/v1/self/confirmation/passkey/begin")) as Begun;
  const finish = (by: ApiClient, ceremony: string, response: object) =>
    by.call("post", "/api/v1/self/confirmation/passkey/finish", { body: { ceremony, response } });
  const confirm = async (by: ApiClient, authenticator: SoftwareAuthenticator) => {
    const { ceremony, options } = await begin(by);
    return finish(by, ceremony, authenticator.get(options));
  };
  let admins = 0;
  const administrator = async () => {
    admins += 1;
    const { id, signed, authenticator } = await somebody(`Admin ${admins}`, ["administrator"]);
    return { id, authenticator, by: running.as(signed.token) };
  };

  it("is done by signing in, for five minutes, and by a passkey after that", async () => {
    const { id, authenticator, by } = await administrator();
    expect(await state(by)).toEqual({
      how: "passkey",
      until: new Date(home.time + 5 * MINUTE_MS).toISOString(),
    });
    home.time += 5 * MINUTE_MS;
    expect(await state(by)).toEqual({ how: "passkey", until: null });
    await confirm(by, authenticator);
    expect((await home.auditEvents()).at(-1)).toMatchObject({
      action: "session.confirm",
      actor: id,
      detail: { how: "passkey" },
    });
    expect(await state(by)).toMatchObject({ until: new Date(home.time + 5 * MINUTE_MS).toISOString() });
  });

  it("is asked of whoever gives somebody a way in, or a right, and of no token", async () => {
    const { authenticator, by } = await administrator();
    const other = await acting.add("Somebody Else", ["auditor"]);
    const params = { id: other.person.id };
    let made = 0;
    const acts: [string, (as: ApiClient) => Promise<unknown>][] = [
      [
        "a person",
        (as) =>
          as.call("post", "/api/v1/persons", { body: { name: `New ${(made += 1)}`, roles: ["auditor"] } }),
      ],
      ["a link", (as) => as.call("post", "/api/v1/persons/:id/invitation", { params })],
      [
        "a right",
        (as) => as.call("post", "/api/v1/persons/:id/change", { params, body: { roles: ["reviewer"] } }),
      ],
      [
        "a token",
        (as) =>
          as.call("post", "/api/v1/tokens", { body: { name: `Token ${(made += 1)}`, roles: ["auditor"] } }),
      ],
    ];
    home.time += 5 * MINUTE_MS;
    for (const [, act] of acts) await expect(act(by)).rejects.toMatchObject(first);
    // What takes a right away waits for nothing.
    await by.call("post", "/api/v1/persons/:id/end", {
      params: { id: (await acting.add("Ended At Once", ["auditor"])).person.id },
    });
    for (const [, act] of acts) await act(running.owner);
    await confirm(by, authenticator);
    for (const [, act] of acts) await act(by);
  });

  it("is asked of whoever makes or removes a passkey of their own", async () => {
    const { authenticator, by } = await administrator();
    const beginOwn = async () => (await by.call("post", "/api/v1/self/passkeys/begin")) as Begun;
    const { passkeys } = (await by.call("get", "/api/v1/self/passkeys")) as { passkeys: { id: string }[] };
    const remove = () =>
      by.call("post", "/api/v1/self/passkeys/:id/remove", { params: { id: passkeys[0]!.id } });
    home.time += 5 * MINUTE_MS;
    await expect(beginOwn()).rejects.toMatchObject(first);
    await expect(remove()).rejects.toMatchObject(first);
    await confirm(by, authenticator);
    const { ceremony, options } = await beginOwn();
    const response = new SoftwareAuthenticator(ORIGIN).create(options);
    const body = { ceremony, response, label: "Phone" };
    // Another session of theirs, which has not been confirmed, cannot end what this one began.
    const elsewhere = running.as((await signIn(authenticator)).token);
    await expect(elsewhere.call("post", "/api/v1/self/passkeys/finish", { body })).rejects.toMatchObject(
      refused,
    );
    const again = await beginOwn();
    home.time += 5 * MINUTE_MS - 1;
    await by.call("post", "/api/v1/self/passkeys/finish", {
      body: {
        ceremony: again.ceremony,
        response: new SoftwareAuthenticator(ORIGIN).create(again.options),
        label: "Phone",
      },
    });
    await confirm(by, authenticator);
    await remove();
  });

  it("is not done by another's passkey, in another session, twice, or by a token", async () => {
    const one = await administrator();
    const two = await administrator();
    home.time += 5 * MINUTE_MS;
    await expect(confirm(one.by, two.authenticator)).rejects.toMatchObject(refused);
    const elsewhere = running.as((await signIn(one.authenticator)).token);
    const begun = await begin(one.by);
    await expect(
      finish(elsewhere, begun.ceremony, one.authenticator.get(begun.options)),
    ).rejects.toMatchObject(refused);
    const again = await begin(one.by);
    const answer = one.authenticator.get(again.options);
    await finish(one.by, again.ceremony, answer);
    await expect(finish(one.by, again.ceremony, answer)).rejects.toMatchObject(refused);
    // What signs in does not confirm, nor the other way about.
    const signing = (await post("/api/v1/sign-in/passkey/begin")) as Begun;
    await expect(
      finish(one.by, signing.ceremony, one.authenticator.get(signing.options)),
    ).rejects.toMatchObject(refused);
    await expect(state(running.owner)).rejects.toMatchObject({ status: 409 });
    await expect(begin(running.owner)).rejects.toMatchObject({ status: 409 });
  });

  it("is done in a trial by its start token, by its people alone", async () => {
    const { people } = (await post("/api/v1/sign-in/trial/look", { start: START })) as {
      people: { id: string }[];
    };
    const signed = (await post("/api/v1/sign-in/trial", { start: START, person: people[0]!.id })) as Signed;
    const by = running.as(signed.token);
    const byTrial = (as: ApiClient, start: string) =>
      as.call("post", "/api/v1/self/confirmation/trial", { body: { start } });
    home.time += 5 * MINUTE_MS;
    await expect(byTrial(by, "A".repeat(43))).rejects.toMatchObject(refused);
    expect(await state(by)).toEqual({ how: "trial", until: null });
    await byTrial(by, START);
    await by.call("post", "/api/v1/persons", { body: { name: "Made In Trial", roles: ["auditor"] } });
    const real = await administrator();
    home.time += 5 * MINUTE_MS;
    await expect(byTrial(real.by, START)).rejects.toMatchObject(refused);
    expect(await state(real.by)).toEqual({ how: "passkey", until: null });
  });
});
