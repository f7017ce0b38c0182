import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { file_content } from "../src/protocol/gen/content_pb.ts";
import { file_data } from "../src/protocol/gen/data_pb.ts";
import { file_envelope } from "../src/protocol/gen/envelope_pb.ts";
import { file_group } from "../src/protocol/gen/group_pb.ts";
import { file_provisioning } from "../src/protocol/gen/provisioning_pb.ts";
import { file_sync } from "../src/protocol/gen/sync_pb.ts";
import { Proto } from "./support/mock-signal.ts";

type Fields = Record<string, unknown>;
interface Codec {
  encode(value: never): Uint8Array;
  decode(bytes: Uint8Array<ArrayBuffer>): unknown;
}

/** A field's value that no other field has, so that two that change places show. */
let next = 1;
function scalarOf(scalar: ScalarType): unknown {
  next += 1;
  switch (scalar) {
    case ScalarType.STRING:
      return `text ${next}`;
    case ScalarType.BYTES:
      return new Uint8Array([next & 0xff, next >> 8, 7]);
    case ScalarType.BOOL:
      return true;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return BigInt(next) + 2n ** 40n;
    default:
      return next;
  }
}

function valueOf(field: DescField, depth: number): unknown {
  switch (field.fieldKind) {
    case "scalar":
      return scalarOf(field.scalar);
    case "enum":
      return field.enum.values.at(-1)?.number;
    case "message":
      return filled(field.message, depth + 1);
    case "list":
      return [0, 1].map(() =>
        field.listKind === "message"
          ? filled(field.message, depth + 1)
          : field.listKind === "scalar"
            ? scalarOf(field.scalar)
            : field.enum.values.at(-1)?.number,
      );
    default:
      throw new Error("no maps here");
  }
}

/** A message with each of its fields set; of fields of which only one may be, the one chosen. */
function filled(schema: DescMessage, depth = 0, chosen?: DescField): Message {
  const message = create(schema) as Message & Fields;
  for (const field of schema.fields) {
    if (depth > 5) continue;
    if (field.oneof && field.oneof.fields.length > 1) {
      const one = chosen?.oneof === field.oneof ? chosen : field.oneof.fields[0];
      if (field === one)
        message[field.oneof.localName] = { case: field.localName, value: valueOf(field, depth) };
    } else message[field.localName] = valueOf(field, depth);
  }
  return message;
}

/** Whatever the other codec did not know, by where it stood. */
function unknownIn(value: unknown, where: string): string[] {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [];
  const { $unknown } = value as { $unknown?: unknown };
  const here = Array.isArray($unknown) && $unknown.length > 0 ? [where] : [];
  return [
    ...here,
    ...Object.entries(value).flatMap(([name, one]) =>
      name === "$unknown" ? [] : unknownIn(one, `${where}.${name}`),
    ),
  ];
}

/** Those of our messages that have a counterpart of the same name there, with it; the others are parts of these. */
function counterparts(messages: readonly DescMessage[], within: object): [DescMessage, Codec][] {
  return messages.flatMap((schema) => {
    const codec = Reflect.get(within, schema.name) as (Codec & object) | undefined;
    return codec ? [[schema, codec], ...counterparts(schema.nestedMessages, codec)] : [];
  });
}

const files = [file_content, file_data, file_envelope, file_group, file_provisioning, file_sync];
const codecs = files.flatMap(({ messages }) => counterparts(messages, Proto));

/** The message, and one for each choice of its own. */
function variants(schema: DescMessage): Message[] {
  const choices = schema.oneofs.flatMap(({ fields }) => (fields.length > 1 ? fields : []));
  return choices.length === 0 ? [filled(schema)] : choices.map((field) => filled(schema, 0, field));
}

it.each(codecs.map(([schema, codec]) => ({ name: schema.typeName, schema, codec })))(
  "writes and reads every field of $name as Signal's own codec does",
  ({ schema, codec, name }) => {
    for (const message of variants(schema)) {
      const bytes = new Uint8Array(toBinary(schema, message));
      const theirs = codec.decode(bytes);
      expect(unknownIn(theirs, name)).toEqual([]);
      // What it writes beside is what it takes a field to be that is not there.
      const back = new Uint8Array(codec.encode(theirs as never));
      expect(fromBinary(schema, back, { readUnknownFields: false })).toEqual(message);
    }
  },
);

it("leaves out none of what is received", () => {
  const names = codecs.map(([{ name }]) => name);
  const received = [
    "Envelope",
    "Content",
    "DataMessage",
    "EditMessage",
    "SyncMessage",
    "CallMessage",
    "StoryMessage",
  ];
  expect(names).toEqual(
    expect.arrayContaining([...received, "ReceiptMessage", "GroupChange", "ContactDetails"]),
  );
});
