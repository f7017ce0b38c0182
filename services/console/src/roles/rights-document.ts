import { ROLES } from "@daybook/runtime";
import { createTexts } from "../texts.ts";
import { rightsTable } from "./rights-table.ts";

/** The table of rights as a page of documentation, Markdown. */
export function rightsDocument(): string {
  const texts = createTexts();
  const roles = ROLES.map((role) => `- **${role}**: ${texts.text(`roles:role.${role}.does`)}`);
  const rows = rightsTable().map(({ action, key, roles: allowed }) => {
    const cells = ROLES.map((role) => (allowed.includes(role) ? "yes" : ""));
    return `| ${[`\`${action}\``, texts.text(key), ...cells].join(" | ")} |`;
  });
  return [
    "# Roles",
    "",
    "Printed from the one table of rights, `infra/runtime/src/http/rights.ts`, which is what the server enforces. After a",
    "change of it: `node services/console/src/roles/print.ts > services/console/ROLES.md`.",
    "",
    ...roles,
    "",
    "Nobody is administrator and records-officer, reviewer or auditor at once.",
    "",
    `| ${["right", "what it allows", ...ROLES].join(" | ")} |`,
    `| ${["---", "---", ...ROLES.map(() => ":-:")].join(" | ")} |`,
    ...rows,
    "",
  ].join("\n");
}
