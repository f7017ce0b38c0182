import { type ApiClient, Secret } from "@daybook/runtime";
import { agentProblems, agentsOf } from "../src/run/agents.ts";

type Settings = Parameters<typeof agentsOf>[0];

const settings = {
  DAYBOOK_AGENTS: ["android-sms"],
  DAYBOOK_AGENTS_PORT: 4483,
  DAYBOOK_AGENTS_QUIET_HOURS: 24,
  DAYBOOK_AGENTS_CLIENT_CA: "the devices' authority",
  DAYBOOK_HOST: "127.0.0.1",
} as unknown as Settings;
const tls = { DAYBOOK_TLS_CERTIFICATE: "capture's own", DAYBOOK_TLS_KEY: new Secret("its key") };

it("wants TLS where devices are to show certificates", () => {
  expect(agentProblems(settings)).toEqual([
    "DAYBOOK_TLS_CERTIFICATE: is missing beside DAYBOOK_AGENTS_CLIENT_CA",
  ]);
  expect(agentProblems({ ...settings, ...tls })).toEqual([]);
});

it("asks devices for certificates of the authority that the settings name, and of nobody where they name none", async () => {
  const authorityOf = async (more: Partial<Settings>) =>
    (await agentsOf({ ...settings, ...tls, ...more }, {} as ApiClient))?.at.tls?.clientAuthority;

  expect(await authorityOf({})).toBe("the devices' authority");
  expect(await authorityOf({ DAYBOOK_AGENTS_CLIENT_CA: undefined })).toBeUndefined();
});
