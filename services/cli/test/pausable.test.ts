import { pausable } from "../src/up/pausable.ts";

/** A service that notes its lives and ends one turn after it is told to. */
function service() {
  const notes: string[] = [];
  let fail: (error: Error) => void = () => undefined;
  const run = (signal: AbortSignal) => {
    notes.push("begins");
    return new Promise<void>((resolve, reject) => {
      fail = reject;
      signal.addEventListener("abort", () => {
        setImmediate(() => {
          notes.push("ends");
          resolve();
        });
      });
    });
  };
  return { notes, run, fail: (error: Error) => fail(error) };
}

describe("a pausable service", () => {
  it("has stopped while the work runs, and begins a new life after it", async () => {
    const { notes, run } = service();
    const outer = new AbortController();
    const paused = pausable(run, outer.signal);
    const work = (name: string) => async () => {
      notes.push(`${name} starts`);
      await new Promise(setImmediate);
      notes.push(`${name} is done`);
      return name;
    };
    expect(await Promise.all([paused.paused(work("a")), paused.paused(work("b"))])).toEqual(["a", "b"]);
    const life = ["begins", "ends"];
    expect(notes).toEqual([...life, "a starts", "a is done", ...life, "b starts", "b is done", "begins"]);
    outer.abort();
    await paused.done;
  });

  it("begins a new life also when the work fails", async () => {
    const { notes, run } = service();
    const outer = new AbortController();
    const paused = pausable(run, outer.signal);
    await expect(paused.paused(() => Promise.reject(new Error("work")))).rejects.toThrow("work");
    expect(notes).toEqual(["begins", "ends", "begins"]);
    outer.abort();
    await paused.done;
    expect(notes).toEqual(["begins", "ends", "begins", "ends"]);
  });

  it("begins no new life when it is told to end during the work", async () => {
    const { notes, run } = service();
    const outer = new AbortController();
    const paused = pausable(run, outer.signal);
    await paused.paused(() => Promise.resolve(outer.abort()));
    await paused.done;
    expect(notes).toEqual(["begins", "ends"]);
  });

  it("rejects when a life fails, also a later one", async () => {
    const { run, fail } = service();
    const paused = pausable(run, new AbortController().signal);
    await paused.paused(() => Promise.resolve());
    fail(new Error("service"));
    await expect(paused.done).rejects.toThrow("service");
  });
});
