// Opens the home that is its argument, says so, and holds it until it is killed or told to go on by SIGTERM.
import { ComposeError, openHome } from "../../src/index.ts";

try {
  const home = await openHome(process.argv[2] ?? "");
  await home.announce({ url: "http://127.0.0.1:4711", port: 4711 });
  console.log("open");
  const alive = setInterval(() => undefined, 1_000);
  process.once("SIGTERM", () => {
    clearInterval(alive);
    void home.close();
  });
} catch (err) {
  console.log(err instanceof ComposeError ? `${err.code}: ${err.message}` : String(err));
}
