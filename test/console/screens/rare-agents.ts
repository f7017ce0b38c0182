import { AGENT_DEVICES, agentsApi } from "@daybook/console/testing";
import type { Role } from "@daybook/runtime";
import type { Page } from "playwright-core";
import type { Screen } from "./screen.ts";

const ADMINISTRATOR = "administrator";
const HEARD_AT = "2026-03-04T09:30:00.000Z";
const [MAC, PHONE] = AGENT_DEVICES;

const api = agentsApi();
const heard = api.add("mac-imessage");
const quiet = api.add("android-sms");
const waiting = api.add("mac-imessage");
api.add("android-sms", { enrolledAt: null });
api.add("android-sms", { enrolledAt: null, expiresAt: HEARD_AT });
const revoked = api.add("mac-imessage", { revokedAt: HEARD_AT });
const seen = { heardAt: HEARD_AT, waiting: 12 };
api.capture.links.set(heard.id, {
  status: "live",
  ...seen,
  alerts: ["device-permission-lost", "clock-wrong"],
});
api.capture.links.set(quiet.id, {
  ...{ status: "quiet", ...seen },
  problem:
    "The device\u2019s agent has said nothing for too long: is the device on, connected, and the app allowed?",
});
api.capture.links.set(waiting.id, { status: "waiting", heardAt: null, waiting: null });

/** An API with agents that have enrolled, as the sample has none. */
export const rareAgentRoutes = api.routes;

const offering = (kind: string, identifier: string) => async (page: Page) => {
  await page.getByLabel(kind).check();
  await page.locator("#identifier").fill(identifier);
  await page.locator("#custodian").fill("Olivia Sinclair");
  await page.locator("#reason").fill("Issued to her");
  await page.getByRole("button", { name: "Make a code" }).click();
  await page.locator("#code").waitFor();
};

const screen = (page: string, state: string, at: string, as: Role = ADMINISTRATOR): Screen => ({
  page,
  state,
  as,
  open: () => at,
});

export const rareAgentScreens: readonly Screen[] = [
  screen("/agents", "of-every-standing", "/agents", "records-officer"),
  screen("/agents/:id", "live-with-alerts", `/agents/${heard.id}`),
  screen("/agents/:id", "quiet", `/agents/${quiet.id}`),
  screen("/agents/:id", "revoked", `/agents/${revoked.id}`),
  screen("/agents/:id/revoke", "with-entries-waiting", `/agents/${heard.id}/revoke`),
  {
    ...screen("/devices/:id/offer", "offered-for-a-mac", `/devices/${MAC.id}/offer`),
    act: offering("iMessages of a Mac", "olivia@minister.example"),
  },
  {
    ...screen("/devices/:id/offer", "offered-for-a-phone", `/devices/${PHONE.id}/offer`),
    act: offering("Text messages of an Android phone", "+447700900123"),
  },
];
