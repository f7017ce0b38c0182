import type { AgentAccount, AgentPart } from "@daybook/contract";

export const OWN = "+447700900123";
export const ABOUT: AgentAccount = {
  agent: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
  account: OWN,
  custodian: { id: "c1", name: "Olivia Sinclair" },
};
const DATE = Date.parse("2026-03-04T15:04:05.678Z");

/** An SMS as the agent hands it over. */
export const sms = (
  columns: Record<string, string | number | null> = {},
  more: Record<string, unknown> = {},
) => ({
  v: 1,
  device: "phone-1",
  table: "sms",
  row: 7,
  date: DATE,
  seen: "new",
  at: DATE + 2_000,
  columns: {
    _id: 7,
    thread_id: 3,
    address: "07700 900456",
    date: DATE,
    date_sent: DATE - 1_000,
    read: 0,
    status: -1,
    type: 1,
    body: "The pier is closed.",
    ...columns,
  },
  ...more,
});

/** An MMS of a group, with a picture. */
export const mms = (
  columns: Record<string, string | number | null> = {},
  more: Record<string, unknown> = {},
) => ({
  v: 1,
  device: "phone-1",
  table: "mms",
  row: 9,
  date: Math.floor(DATE / 1_000),
  seen: "new",
  at: DATE + 2_000,
  columns: {
    _id: 9,
    msg_box: 1,
    m_type: 132,
    date: Math.floor(DATE / 1_000),
    date_sent: 0,
    // "Café", as Android keeps UTF-8.
    sub: "CafÃ©",
    sub_cs: 106,
    ...columns,
  },
  addresses: [
    { type: 137, address: "+447700900456" },
    { type: 151, address: "insert-address-token" },
    { type: 151, address: "+447700900789" },
  ],
  parts: [
    { row: 1, ct: "application/smil", text: "<smil/>" },
    { row: 2, ct: "text/plain", text: "Here it is." },
    { row: 3, ct: "image/jpeg", name: "pier.jpg", sha256: PICTURE.sha256 },
  ],
  ...more,
});

export const PICTURE: AgentPart = {
  sha256: "ab".repeat(32),
  sizeBytes: 1_234,
  mediaType: "image/jpeg",
  name: "pier.jpg",
};

export const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
