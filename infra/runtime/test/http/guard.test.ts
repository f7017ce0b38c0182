import type { Principal } from "../../src/index.ts";
import { requestAuthenticator } from "../../src/http/guard.ts";

const owner: Principal = { id: "p1", name: "Owner", kind: "person", roles: [] };

function setUp(failuresAllowed = 3) {
  const clock = { now: 0 };
  const asked: string[] = [];
  const valid = new Set(["good", "new"]);
  const authenticate = requestAuthenticator(
    {
      authenticate: (bearer) => {
        asked.push(bearer);
        return Promise.resolve(valid.has(bearer) ? owner : undefined);
      },
    },
    { failuresAllowed, now: () => clock.now },
  );
  const as = async (token: string, address = "10.0.0.1"): Promise<number> =>
    authenticate(`Bearer ${token}`, address).then(
      () => 200,
      (err: unknown) => (err as { status: number }).status,
    );
  return { clock, asked, valid, as };
}

describe("the limit on wrong tokens", () => {
  it("stops listening to an address that goes on failing, until a minute is over", async () => {
    const { clock, asked, as } = setUp();
    expect([await as("a"), await as("b"), await as("c"), await as("d"), await as("e")]).toEqual([
      401, 401, 401, 429, 429,
    ]);
    expect(asked).toEqual(["a", "b", "c"]);

    clock.now = 59_999;
    expect(await as("f")).toBe(429);
    clock.now = 60_001;
    expect([await as("g"), await as("good")]).toEqual([401, 200]);
  });

  it("does not lock out whoever was let in before, and still asks whether they may", async () => {
    const { valid, as } = setUp();
    expect(await as("good")).toBe(200);
    for (const guess of ["a", "b", "c", "d"]) await as(guess);

    expect(await as("good")).toBe(200);
    valid.delete("good");
    expect([await as("good"), await as("good")]).toEqual([401, 429]);
  });

  it("does not let a right guess in after the limit", async () => {
    const { as } = setUp();
    for (const guess of ["a", "b", "c"]) await as(guess);

    expect(await as("new")).toBe(429);
  });

  it("is kept for each address", async () => {
    const { as } = setUp();
    for (const guess of ["a", "b", "c", "d"]) await as(guess, "10.0.0.1");

    expect([await as("x", "10.0.0.2"), await as("new", "10.0.0.2")]).toEqual([401, 200]);
  });

  it("is not used up by requests without a token, as a console makes them before sign-in", async () => {
    const authenticate = requestAuthenticator(
      { authenticate: () => Promise.resolve(owner) },
      { failuresAllowed: 1 },
    );
    for (let count = 0; count < 3; count += 1) {
      await expect(authenticate(undefined, "10.0.0.1")).rejects.toMatchObject({ status: 401 });
    }

    await expect(authenticate("Bearer good", "10.0.0.1")).resolves.toEqual(owner);
  });

  it("says when to come back", async () => {
    const authenticate = requestAuthenticator(
      { authenticate: () => Promise.resolve(undefined) },
      { failuresAllowed: 1, now: () => 1_000 },
    );
    await authenticate("Bearer a", "x").catch(() => undefined);

    await expect(authenticate("Bearer b", "x")).rejects.toMatchObject({
      code: "too-many-failures",
      retryAfterSeconds: 60,
    });
  });
});
