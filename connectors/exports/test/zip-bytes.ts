import { crc32, deflateRawSync } from "node:zlib";

/** One file of a ZIP, and every lie that its headers can tell. */
export interface ZipFile {
  name: string | Buffer;
  data?: string | Uint8Array;
  stored?: boolean;
  /** What lies in the ZIP instead of the packed data. */
  packed?: Uint8Array;
  central?: HeaderLies & { externalAttributes?: number; offset?: number };
  local?: HeaderLies & { name?: string };
}

interface HeaderLies {
  flags?: number;
  method?: number;
  crc?: number;
  packedSize?: number;
  size?: number;
}

/** A ZIP, byte by byte, so that each field can be wrong. */
export function zip(files: readonly ZipFile[], { entryCount = files.length, comment = "" } = {}): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const file of files) {
    const data = Buffer.from((file.data ?? "") as string);
    const packed = Buffer.from(file.packed ?? (file.stored === true ? data : deflateRawSync(data)));
    const name = Buffer.from(file.name as string);
    const fields = (lies: HeaderLies = {}) => {
      const bytes = Buffer.alloc(22);
      bytes.writeUInt16LE(lies.flags ?? 0x800, 0);
      bytes.writeUInt16LE(lies.method ?? (file.stored === true ? 0 : 8), 2);
      bytes.writeUInt32LE(lies.crc ?? crc32(data), 8);
      bytes.writeUInt32LE(lies.packedSize ?? packed.length, 12);
      bytes.writeUInt32LE(lies.size ?? data.length, 16);
      return bytes;
    };
    const localName = Buffer.from(file.local?.name ?? name);
    const localFields = fields(file.local);
    localFields.writeUInt16LE(localName.length, 20);
    const local = Buffer.concat([
      Buffer.from("PK\u0003\u0004\u0014\u0000"),
      localFields,
      Buffer.alloc(2),
      localName,
      packed,
    ]);
    const centralFields = fields(file.central);
    centralFields.writeUInt16LE(name.length, 20);
    const rest = Buffer.alloc(16);
    rest.writeUInt32LE(file.central?.externalAttributes ?? 0, 8);
    rest.writeUInt32LE(file.central?.offset ?? at, 12);
    central.push(
      Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0003\u0014\u0000"), centralFields, rest, name]),
    );
    parts.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", 0, "latin1");
  end.writeUInt16LE(entryCount & 0xffff, 8);
  end.writeUInt16LE(entryCount & 0xffff, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, directory, end, Buffer.from(comment)]);
}
