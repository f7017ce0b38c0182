import {
  type AnsweredBody,
  type BindBody,
  type BoundBody,
  type DataBody,
  type MessageBody,
  readAnswered,
  readBind,
  readBound,
  readData,
  readMessage,
  writeAnswered,
  writeBind,
  writeBound,
  writeData,
  writeMessage,
} from "./body.ts";
import { SmppError } from "./error.ts";
import { HEADER_BYTES, MAX_PDU_BYTES } from "./frames.ts";
import { OctetReader } from "./octets.ts";
import { COMMAND, type CommandName } from "./protocol.ts";

export interface Header {
  readonly commandId: number;
  readonly status: number;
  readonly sequence: number;
}

type BindName = "bind_receiver" | "bind_transmitter" | "bind_transceiver";
type AnsweredName = "submit_sm_resp" | "deliver_sm_resp" | "data_sm_resp";
type BareName = "generic_nack" | "unbind" | "unbind_resp" | "enquire_link" | "enquire_link_resp";

/** A PDU's command and body. Of an answer that refuses, the body may be left out. */
export type Command =
  | { readonly command: BindName; readonly body: BindBody }
  | { readonly command: `${BindName}_resp`; readonly body: BoundBody | undefined }
  | { readonly command: "submit_sm" | "deliver_sm"; readonly body: MessageBody }
  | { readonly command: "data_sm"; readonly body: DataBody }
  | { readonly command: AnsweredName; readonly body: AnsweredBody | undefined }
  /** Without a body, but what there is beside the header is kept. */
  | { readonly command: BareName | "alert_notification"; readonly body: Buffer }
  /** A command that no ESME knows. */
  | { readonly command: "unknown"; readonly body: Buffer };

export type Pdu = Omit<Header, "commandId"> & Command & Partial<Pick<Header, "commandId">>;

const NAMES = new Map<number, CommandName>(
  Object.entries(COMMAND).map(([name, id]) => [id, name as CommandName]),
);

/** @param pdu whole, as `Frames` cuts it */
export function headerOf(pdu: Buffer): Header {
  return {
    commandId: pdu.readUInt32BE(4),
    status: pdu.readUInt32BE(8),
    sequence: pdu.readUInt32BE(12),
  };
}

/**
 * Reads a PDU. What it gives is written as the same bytes by `encodePdu`.
 *
 * @param pdu whole, as `Frames` cuts it
 * @throws {SmppError} `unreadable` where a field reaches beyond the PDU or a string has no end
 * @see SMPP 3.4, section 4
 */
export function decodePdu(pdu: Buffer): Pdu {
  const { commandId, ...header } = headerOf(pdu);
  const command = NAMES.get(commandId) ?? "unknown";
  const of = new OctetReader(pdu, HEADER_BYTES);
  switch (command) {
    case "bind_receiver":
    case "bind_transmitter":
    case "bind_transceiver":
      return { ...header, command, body: whole(of, readBind(of)) };
    case "bind_receiver_resp":
    case "bind_transmitter_resp":
    case "bind_transceiver_resp":
      return { ...header, command, body: of.remaining === 0 ? undefined : readBound(of) };
    case "submit_sm":
    case "deliver_sm":
      return { ...header, command, body: readMessage(of) };
    case "data_sm":
      return { ...header, command, body: readData(of) };
    case "submit_sm_resp":
    case "deliver_sm_resp":
    case "data_sm_resp":
      return { ...header, command, body: of.remaining === 0 ? undefined : readAnswered(of) };
    case "unknown":
      return { ...header, commandId, command, body: of.take(of.remaining) };
    default:
      return { ...header, command, body: of.take(of.remaining) };
  }
}

/**
 * @throws {SmppError} `unreadable` for a string with a NUL within, or more bytes than a PDU may have
 * @throws {RangeError} for a number that does not fit its field
 */
export function encodePdu(pdu: Pdu): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const parts = [header, ...bodyOf(pdu)];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > MAX_PDU_BYTES) throw new SmppError("unreadable", "more than a PDU may have");
  header.writeUInt32BE(length, 0);
  header.writeUInt32BE(pdu.command === "unknown" ? (pdu.commandId ?? 0) : COMMAND[pdu.command], 4);
  header.writeUInt32BE(pdu.status, 8);
  header.writeUInt32BE(pdu.sequence, 12);
  return Buffer.concat(parts, length);
}

function bodyOf(pdu: Pdu): readonly Buffer[] {
  switch (pdu.command) {
    case "bind_receiver":
    case "bind_transmitter":
    case "bind_transceiver":
      return writeBind(pdu.body);
    case "bind_receiver_resp":
    case "bind_transmitter_resp":
    case "bind_transceiver_resp":
      return pdu.body ? writeBound(pdu.body) : [];
    case "submit_sm":
    case "deliver_sm":
      return writeMessage(pdu.body);
    case "data_sm":
      return writeData(pdu.body);
    case "submit_sm_resp":
    case "deliver_sm_resp":
    case "data_sm_resp":
      return pdu.body ? writeAnswered(pdu.body) : [];
    default:
      return [pdu.body];
  }
}

function whole<Body>(of: OctetReader, body: Body): Body {
  if (of.remaining > 0) throw new SmppError("unreadable", "bytes after the last field");
  return body;
}
