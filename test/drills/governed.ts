import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Deployment } from "../deployment/deployment.ts";
import { exportAndVerify, findAll } from "../e2e/support/archive.ts";

const SEARCHES = [["ferry"], ['"relief ferry"'], ["procur*"], ["halcyon"]];

/** A matter with a hold, another person, and one record that was destroyed. */
export interface Governed {
  readonly matter: string;
  /** Id of the record that was disposed of. */
  readonly disposed: string;
}

/** Opens a matter, holds records, and has two people dispose of the one message that holds this word. */
export async function govern(deployment: Deployment, word: string): Promise<Governed> {
  const matter = (await deployment.json<{ id: string }>("matter open --title Ferries --kind foi".split(" ")))
    .id;
  const [found] = await findAll(deployment, matter, [word]);
  if (found === undefined) throw new Error("there is nothing to dispose of");
  const disposed = found.slice(0, found.indexOf(" "));
  await deployment.json(["hold", "add", "--matter", matter, "--reason", "inquiry", "--custodian", "Ann Lee"]);
  const proposed = await deployment.json<{ id: string; digest: string }>([
    ...["dispose", "propose", "--id", disposed, "--reason", "no business value", "--authority", "DA-1"],
  ]);
  const reviewer = await deployment.json<{ token: string }>(
    "token add --name Reviewer --role reviewer".split(" "),
  );
  const approved = await deployment.run(["dispose", "approve", proposed.id, "--digest", proposed.digest], {
    DAYBOOK_TOKEN: reviewer.token,
  });
  if (approved.code !== 0) throw new Error(`the disposal was not approved: ${approved.stderr}`);
  await deployment.json(["dispose", "execute", proposed.id]);
  return { matter, disposed };
}

/** All that must be the same after a disaster, as people see it. */
export async function seen(deployment: Deployment, { matter }: Governed): Promise<Record<string, unknown>> {
  const list = (...command: string[]) => deployment.json<unknown>([...command, "list"]);
  const searches: Record<string, string[]> = {};
  for (const words of SEARCHES) searches[words.join(" ")] = await findAll(deployment, matter, words);
  return {
    ...searches,
    matters: await list("matter"),
    holds: await list("hold"),
    disposals: await list("dispose"),
    tokens: await list("token"),
    custodians: await list("custodian"),
  };
}

/** Whether a record's content is neither in an export nor in a search, and its leaf is still proved. */
export async function staysDisposed(
  deployment: Deployment,
  { matter, disposed }: Governed,
  word: string,
): Promise<{ ok: boolean; exported: Awaited<ReturnType<typeof exportAndVerify>> }> {
  const exported = await exportAndVerify(deployment, matter, "after");
  const isThere = (path: string) =>
    access(join(exported.out, "data", path)).then(
      () => true,
      () => false,
    );
  const found = await findAll(deployment, matter, [word]);
  const hasContent = await isThere(`records/${disposed}.json`);
  return { ok: found.length === 0 && !hasContent, exported };
}
