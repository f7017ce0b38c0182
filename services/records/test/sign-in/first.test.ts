import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import type { SignInOptions } from "../../src/index.ts";
import { createDeployment, type Deployment, type Running } from "../support/deployment.ts";
import { acts, ORIGIN, type Signed } from "./support.ts";

const START = "S".repeat(43);
const PEOPLE = [
  { name: "Trial Official", roles: ["custodian"], custodian: "Harriet Sample" },
  { name: "Trial Auditor", roles: ["auditor"] },
] as const;

(hasPostgres ? describe : describe.skip)("a new archive", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  const acting = acts(() => running);

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres);
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  /** Starts it, and gives the link that it tells, if any. */
  async function start(more: Partial<SignInOptions> = {}, sample = false): Promise<string | undefined> {
    const links: string[] = [];
    const onFirstLink = (link: string) => links.push(link);
    const signIn = { origin: ORIGIN, first: { name: "Local owner" }, onFirstLink, ...more };
    running = await home.start({ sample, signIn });
    expect(links.length).toBeLessThan(2);
    return links[0];
  }
  const restart = async (...how: Parameters<typeof start>) => {
    await running.stop();
    return start(...how);
  };

  it("tells a link by which the first administrator signs in, until somebody has a passkey", async () => {
    const first = await start();
    const second = await restart();
    expect(second).not.toBe(first);
    await expect(acting.accept(first!)).rejects.toMatchObject({ code: "no-such-invitation" });
    const { signed } = await acting.accept(second!);
    expect(signed.person).toMatchObject({ name: "Local owner", roles: ["administrator"] });
    expect(await restart()).toBeUndefined();
    // What they do with the machine's token is theirs too.
    expect(await running.owner.call("get", "/api/v1/self")).toMatchObject({ id: signed.person.id });
    home.ownerToken = undefined;
    expect(await restart()).toBeUndefined();
    expect(await running.owner.call("get", "/api/v1/self")).toMatchObject({ id: signed.person.id });
    expect(home.logged.join("")).not.toContain(second!.split("#")[1]);
  });

  it("tells no link where nobody listens, and lets nobody in without a console", async () => {
    running = await home.start();
    expect(await acting.anybody().call("get", "/api/v1/sign-in")).toEqual({
      sample: false,
      passkey: false,
      oidc: null,
      trial: false,
    });
    await expect(acting.beginPasskey()).rejects.toMatchObject({ status: 409 });
    await expect(acting.post("/api/v1/sign-in/oidc/begin")).rejects.toMatchObject({ status: 409 });
    expect(await acting.add("Nobody Yet", ["auditor"])).toMatchObject({ invitation: null });
  });

  describe("that is a trial", () => {
    const trial = { token: START, people: PEOPLE };
    const look = (start: string) => acting.post("/api/v1/sign-in/trial/look", { start });

    it("lets whoever has its start token be any of its people", async () => {
      expect(await start({ trial }, true)).toBeUndefined();
      const { people } = (await look(START)) as { people: { id: string; name: string }[] };
      expect(people.map(({ name }) => name)).toEqual(["Trial Official", "Trial Auditor"]);
      const signed = (await acting.post("/api/v1/sign-in/trial", {
        start: START,
        person: people[0]!.id,
      })) as Signed;
      const { custodians } = (await running.owner.call("get", "/api/v1/custodians")) as {
        custodians: { id: string; name: string }[];
      };
      expect(await acting.self(signed.token)).toMatchObject({
        name: "Trial Official",
        roles: ["custodian"],
        custodians: [custodians.find(({ name }) => name === "Harriet Sample")?.id],
      });
      await restart({ trial: { ...trial, token: "T".repeat(43) } }, true);
      await expect(look(START)).rejects.toMatchObject({ status: 403 });
      expect(((await look("T".repeat(43))) as { people: unknown[] }).people).toHaveLength(2);
    });

    it("lets nobody be anybody else, or without it", async () => {
      await start({ trial }, true);
      const refused = { status: 403, code: "sign-in-refused" };
      const { person } = await acting.add("Not Of The Trial", ["administrator"]);
      await expect(
        acting.post("/api/v1/sign-in/trial", { start: START, person: person.id }),
      ).rejects.toMatchObject(refused);
      await expect(look("A".repeat(43))).rejects.toMatchObject(refused);
      const { people } = (await look(START)) as { people: { id: string }[] };
      await running.owner.call("post", "/api/v1/persons/:id/end", { params: { id: people[1]!.id } });
      await expect(
        acting.post("/api/v1/sign-in/trial", { start: START, person: people[1]!.id }),
      ).rejects.toMatchObject(refused);
      await running.stop();
      running = await home.start({ sample: true, signIn: { origin: ORIGIN } });
      await expect(look(START)).rejects.toMatchObject(refused);
    });

    it("is none without saying so", async () => {
      await start({ trial }, true);
      await expect(home.start({ signIn: { origin: ORIGIN, trial } })).rejects.toThrow(TypeError);
    });
  });
});
