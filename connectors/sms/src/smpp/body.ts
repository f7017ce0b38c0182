import { OctetReader, text, uint16, uint8 } from "./octets.ts";

/** An optional parameter: repeated and unknown ones stay as they came, in order. SMPP 3.4, 3.2.4 */
export interface Tlv {
  readonly tag: number;
  readonly value: Buffer;
}

export interface Address {
  /** Type of number: 1 international, 2 national, 5 alphanumeric. SMPP 3.4, 5.2.5 */
  readonly ton: number;
  /** Numbering plan. SMPP 3.4, 5.2.6 */
  readonly npi: number;
  readonly address: string;
}

/** What asks for a session. SMPP 3.4, 4.1 */
export interface BindBody {
  readonly systemId: string;
  readonly password: string;
  readonly systemType: string;
  /** 0x34 for SMPP 3.4. */
  readonly interfaceVersion: number;
  readonly range: Address;
}

/** What answers a bind. */
export interface BoundBody {
  readonly systemId: string;
  readonly tlvs: readonly Tlv[];
}

/** The fields of submit_sm and deliver_sm. SMPP 3.4, 4.4 and 4.6 */
export interface MessageBody {
  readonly serviceType: string;
  readonly source: Address;
  readonly destination: Address;
  readonly esmClass: number;
  readonly protocolId: number;
  readonly priority: number;
  readonly scheduleDeliveryTime: string;
  readonly validityPeriod: string;
  readonly registeredDelivery: number;
  readonly replaceIfPresent: number;
  readonly dataCoding: number;
  readonly defaultMessageId: number;
  readonly shortMessage: Buffer;
  readonly tlvs: readonly Tlv[];
}

/** The fields of data_sm: its text is a message_payload. SMPP 3.4, 4.7 */
export type DataBody = Pick<
  MessageBody,
  "serviceType" | "source" | "destination" | "esmClass" | "registeredDelivery" | "dataCoding" | "tlvs"
>;

/** What answers submit_sm, deliver_sm and data_sm. */
export interface AnsweredBody {
  readonly messageId: string;
  readonly tlvs: readonly Tlv[];
}

export function readBind(of: OctetReader): BindBody {
  return {
    systemId: of.text(),
    password: of.text(),
    systemType: of.text(),
    interfaceVersion: of.uint8(),
    range: readAddress(of),
  };
}

export function writeBind(body: BindBody): Buffer[] {
  const { systemId, password, systemType, interfaceVersion, range } = body;
  return [text(systemId), text(password), text(systemType), uint8(interfaceVersion), ...writeAddress(range)];
}

export function readBound(of: OctetReader): BoundBody {
  return { systemId: of.text(), tlvs: readTlvs(of) };
}

export function writeBound({ systemId, tlvs }: BoundBody): Buffer[] {
  return [text(systemId), ...writeTlvs(tlvs)];
}

export function readMessage(of: OctetReader): MessageBody {
  return {
    serviceType: of.text(),
    source: readAddress(of),
    destination: readAddress(of),
    esmClass: of.uint8(),
    protocolId: of.uint8(),
    priority: of.uint8(),
    scheduleDeliveryTime: of.text(),
    validityPeriod: of.text(),
    registeredDelivery: of.uint8(),
    replaceIfPresent: of.uint8(),
    dataCoding: of.uint8(),
    defaultMessageId: of.uint8(),
    shortMessage: of.take(of.uint8()),
    tlvs: readTlvs(of),
  };
}

export function writeMessage(body: MessageBody): Buffer[] {
  return [
    text(body.serviceType),
    ...writeAddress(body.source),
    ...writeAddress(body.destination),
    ...[body.esmClass, body.protocolId, body.priority].map(uint8),
    text(body.scheduleDeliveryTime),
    text(body.validityPeriod),
    ...[body.registeredDelivery, body.replaceIfPresent, body.dataCoding, body.defaultMessageId].map(uint8),
    uint8(body.shortMessage.length),
    body.shortMessage,
    ...writeTlvs(body.tlvs),
  ];
}

export function readData(of: OctetReader): DataBody {
  return {
    serviceType: of.text(),
    source: readAddress(of),
    destination: readAddress(of),
    esmClass: of.uint8(),
    registeredDelivery: of.uint8(),
    dataCoding: of.uint8(),
    tlvs: readTlvs(of),
  };
}

export function writeData(body: DataBody): Buffer[] {
  const { serviceType, source, destination, esmClass, registeredDelivery, dataCoding, tlvs } = body;
  return [
    text(serviceType),
    ...writeAddress(source),
    ...writeAddress(destination),
    ...[esmClass, registeredDelivery, dataCoding].map(uint8),
    ...writeTlvs(tlvs),
  ];
}

export function readAnswered(of: OctetReader): AnsweredBody {
  return { messageId: of.text(), tlvs: readTlvs(of) };
}

export function writeAnswered({ messageId, tlvs }: AnsweredBody): Buffer[] {
  return [text(messageId), ...writeTlvs(tlvs)];
}

function readAddress(of: OctetReader): Address {
  return { ton: of.uint8(), npi: of.uint8(), address: of.text() };
}

function writeAddress({ ton, npi, address }: Address): Buffer[] {
  return [uint8(ton), uint8(npi), text(address)];
}

function readTlvs(of: OctetReader): Tlv[] {
  const tlvs: Tlv[] = [];
  while (of.remaining > 0) tlvs.push({ tag: of.uint16(), value: of.take(of.uint16()) });
  return tlvs;
}

function writeTlvs(tlvs: readonly Tlv[]): Buffer[] {
  return tlvs.flatMap(({ tag, value }) => [uint16(tag), uint16(value.length), value]);
}
