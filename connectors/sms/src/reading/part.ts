import {
  type Address,
  type DataBody,
  decodePdu,
  type MessageBody,
  type Shift,
  SmppError,
  TAG,
  type Tlv,
  unpackSeptets,
} from "../smpp/index.ts";
import { type Alphabet, alphabetOf, type DefaultAlphabet } from "./alphabet.ts";
import { isPlace, type Place, readHeader, type UserDataHeader } from "./header.ts";

const HAS_HEADER = 0x40;
/** Of esm_class: a delivery receipt, or an intermediate notification of the SMSC's. SMPP 3.4, 5.2.12 */
const IS_RECEIPT = 0x24;

/** One deliver_sm or data_sm, as far as its bytes are told apart. */
export interface Part {
  readonly source: Address;
  readonly destination: Address;
  readonly tlvs: readonly Tlv[];
  readonly isReceipt: boolean;
  /** Its own bytes, without a header: of a packed alphabet, one septet in a byte. */
  readonly content: Buffer;
  readonly alphabet: Alphabet;
  readonly shift: Shift;
  /** Where it stands in a message of several parts. */
  readonly place: Place | undefined;
  /** The application's port that it goes to. */
  readonly port: number | undefined;
  /** Its header contradicts itself: where its bytes begin is not known. */
  readonly hasBadHeader: boolean;
}

/** @throws {SmppError} `unreadable` for bytes that are no message */
export function readPart(raw: Buffer, byDefault: DefaultAlphabet): Part {
  const pdu = decodePdu(raw);
  if (pdu.command !== "deliver_sm" && pdu.command !== "data_sm")
    throw new SmppError("unreadable", "no message");
  const { body } = pdu;
  const bytes = contentOf(body);
  const header = (body.esmClass & HAS_HEADER) === 0 ? undefined : (readHeader(bytes) ?? "bad");
  const alphabet = alphabetOf(body.dataCoding, byDefault);
  const read = header === "bad" ? undefined : header;
  const port = read?.port ?? numberIn(body.tlvs, TAG.destination_port, 2);
  const isReceipt = (body.esmClass & IS_RECEIPT) !== 0;
  return {
    source: body.source,
    destination: body.destination,
    tlvs: body.tlvs,
    isReceipt,
    // An SMSC writes receipts itself: as ASCII, packed as texts may be.
    content: isReceipt && isAscii(bytes) ? bytes : ownBytes(bytes, read, alphabet),
    alphabet: read?.hasUnknownShift && isGsm(alphabet) ? "unknown" : alphabet,
    shift: read?.shift ?? {},
    place: read?.place ?? segmentOf(body.tlvs),
    port,
    hasBadHeader: header === "bad",
  };
}

/** An optional parameter of one value; undefined where it is of another size. Of several the first is meant. */
export function numberIn(tlvs: readonly Tlv[], tag: number, sizeBytes: 1 | 2): number | undefined {
  const value = tlvs.find((one) => one.tag === tag)?.value;
  return value?.length === sizeBytes ? value.readUIntBE(0, sizeBytes) : undefined;
}

/** message_payload stands in place of short_message, which is then to be empty. SMPP 3.4, 5.3.2.32 */
function contentOf(body: MessageBody | DataBody): Buffer {
  const payload = body.tlvs.find(({ tag }) => tag === TAG.message_payload)?.value;
  return payload ?? ("shortMessage" in body ? body.shortMessage : Buffer.alloc(0));
}

function ownBytes(bytes: Buffer, header: UserDataHeader | undefined, alphabet: Alphabet): Buffer {
  const own = bytes.subarray(header?.sizeBytes ?? 0);
  if (alphabet !== "gsm-packed") return own;
  // The header is filled up to a septet.
  return unpackSeptets(own, (7 - (((header?.sizeBytes ?? 0) * 8) % 7)) % 7);
}

function isAscii(bytes: Buffer): boolean {
  return /^[\0\t\r\n -~]*$/.test(bytes.toString("latin1"));
}

function isGsm(alphabet: Alphabet): boolean {
  return alphabet === "gsm" || alphabet === "gsm-packed";
}

function segmentOf(tlvs: readonly Tlv[]): Place | undefined {
  const reference = numberIn(tlvs, TAG.sar_msg_ref_num, 2);
  const total = numberIn(tlvs, TAG.sar_total_segments, 1);
  const number = numberIn(tlvs, TAG.sar_segment_seqnum, 1);
  if (reference === undefined || total === undefined || number === undefined) return undefined;
  const place: Place = { reference, width: 16, total, number };
  return isPlace(place) ? place : undefined;
}

/** Undefined for what is no such PDU. */
export function partOf(raw: Buffer, alphabet: DefaultAlphabet): Part | undefined {
  try {
    return readPart(raw, alphabet);
  } catch (cause) {
    if (!(cause instanceof SmppError)) throw cause;
    return undefined;
  }
}
