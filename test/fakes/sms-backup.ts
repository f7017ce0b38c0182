/** Attributes, in the order in which the app writes them. */
export type Attributes = Readonly<Record<string, string | number>>;

export interface BackupPart {
  readonly ct: string;
  readonly name?: string;
  readonly text?: string;
  readonly data?: Uint8Array;
}

/**
 * A value as SMS Backup & Restore writes it: with Android's serialiser, which makes two references of an emoji, one of each
 * half of its surrogate pair, and references of control characters too.
 */
export function written(text: string | number): string {
  return String(text).replace(/[&<>"]|[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]/g, (unit) => {
    const name = ENTITIES[unit];
    return name ?? `&#${unit.charCodeAt(0)};`;
  });
}
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** A text message. @param more in place of what such a message has, or beside it */
export function sms(more: Attributes): string {
  const of: Attributes = {
    protocol: 0,
    address: "+447700900001",
    date: 1_715_590_860_000,
    type: 1,
    subject: "null",
    body: "Can the ferry sail on Friday?",
    toa: "null",
    sc_toa: "null",
    service_center: "+447700900099",
    read: 1,
    status: -1,
    locked: 0,
    date_sent: 1_715_590_858_000,
    sub_id: 1,
    readable_date: "May 13, 2024 10:01:00",
    contact_name: "(Unknown)",
    ...more,
  };
  return `  <sms ${attributes(of)} />`;
}

/** A multimedia message, with the addresses that its `addrs` has: of type 137 from, 151 to. */
export function mms(
  more: Attributes,
  parts: readonly BackupPart[],
  addresses: readonly (readonly [address: string, type: number])[],
): string {
  const of: Attributes = {
    date: 1_715_590_920_000,
    rr: "null",
    sub: "null",
    ct_t: "application/vnd.wap.multipart.related",
    read_status: "null",
    seen: 1,
    msg_box: 1,
    address: "+447700900001",
    sub_cs: "null",
    retr_st: "null",
    d_tm: "null",
    text_only: 0,
    exp: "null",
    locked: 0,
    m_id: "mm1@mms.example",
    st: "null",
    creator: "com.example.messages",
    date_sent: 1_715_590_918,
    read: 1,
    m_type: 132,
    readable_date: "May 13, 2024 10:02:00",
    contact_name: "(Unknown)",
    ...more,
  };
  const part = ({ ct, name = "null", text = "null", data }: BackupPart, seq: number) =>
    `      <part ${attributes({ seq, ct, name, chset: "null", cd: "null", fn: "null", cid: "null", cl: name, ctt_s: "null", ctt_t: "null", text })}${
      data ? ` data="${Buffer.from(data).toString("base64")}"` : ""
    } />`;
  const address = ([address, type]: readonly [string, number]) =>
    `      <addr ${attributes({ address, type, charset: 106 })} />`;
  return [
    `  <mms ${attributes(of)}>`,
    "    <parts>",
    ...parts.map(part),
    "    </parts>",
    "    <addrs>",
    ...addresses.map(address),
    "    </addrs>",
    "  </mms>",
  ].join("\n");
}

/** A whole file of such elements. */
export function backup(...elements: readonly string[]): string {
  return [
    `<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>`,
    `<!--File Created By SMS Backup & Restore v10.20.002 on 13/05/2024 10:10:00-->`,
    `<!--It's not meant to be opened in a browser <smses>-->`,
    `<?xml-stylesheet type="text/xsl" href="sms.xsl"?>`,
    `<smses count="${elements.length}" backup_set="4c1b" backup_date="1715591400000" type="full">`,
    ...elements,
    "</smses>",
  ].join("\n");
}

function attributes(of: Attributes): string {
  return Object.entries(of)
    .map(([name, value]) => `${name}="${written(value)}"`)
    .join(" ");
}
