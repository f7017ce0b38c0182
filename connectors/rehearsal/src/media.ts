import { crc32, deflateSync } from "node:zlib";

const WIDTH = 480;
const HEIGHT = 300;
const SKY = 0;
const SEA = 1;
const STONE = 2;
const LAMP = 3;
/** Red, green and blue of each colour above. */
const PALETTE = Buffer.from("c9dde83f6b7d5b5750f2b134", "hex");

/** A pier in the sea, as simple as a child's drawing. PNG (ISO/IEC 15948). */
export function pierPicture(): Buffer {
  const rows = Array.from({ length: HEIGHT }, (_, y) =>
    // Each row begins with the filter that it is written with: none.
    Buffer.from([0, ...Array.from({ length: WIDTH }, (__, x) => colourAt(x, y))]),
  );
  const head = Buffer.alloc(13);
  head.writeUInt32BE(WIDTH, 0);
  head.writeUInt32BE(HEIGHT, 4);
  // Eight bits a point, which name a colour of the palette.
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", head),
    chunk("PLTE", PALETTE),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function colourAt(x: number, y: number): number {
  const lamp = (x - 360) ** 2 + (y - 60) ** 2 < 18 ** 2;
  if (lamp) return LAMP;
  const tower = x > 345 && x < 375 && y >= 75 && y < 150;
  const deck = x > 60 && y >= 150 && y < 170;
  const post = x > 60 && x % 70 < 16 && y >= 170 && y < 240;
  if (tower || deck || post) return STONE;
  return y < 200 + 4 * Math.sin(x / 12) ? SKY : SEA;
}

function chunk(name: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const whole = Buffer.alloc(named.length + 8);
  whole.writeUInt32BE(data.length, 0);
  named.copy(whole, 4);
  whole.writeUInt32BE(crc32(named), named.length + 4);
  return whole;
}

const RATE_HZ = 8_000;
const NOTES_HZ = [440, 554, 659];
const NOTE_SECONDS = 0.4;
const HEADER_BYTES = 44;

/** Three rising notes, which stand for a voice. WAV, one channel of eight bits. */
export function voiceNote(): Buffer {
  const length = NOTES_HZ.length * NOTE_SECONDS * RATE_HZ;
  const wav = Buffer.alloc(HEADER_BYTES + length);
  wav.write("RIFF", 0, "latin1");
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write("WAVEfmt ", 8, "latin1");
  wav.writeUInt32LE(16, 16);
  // Uncompressed, one channel; then points a second, bytes a second, bytes a point, bits a point.
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(RATE_HZ, 24);
  wav.writeUInt32LE(RATE_HZ, 28);
  wav.writeUInt16LE(1, 32);
  wav.writeUInt16LE(8, 34);
  wav.write("data", 36, "latin1");
  wav.writeUInt32LE(length, 40);
  for (let at = 0; at < length; at++) {
    const note = NOTES_HZ[Math.floor(at / (NOTE_SECONDS * RATE_HZ))] ?? 0;
    wav[HEADER_BYTES + at] = 128 + Math.round(60 * Math.sin((2 * Math.PI * note * at) / RATE_HZ));
  }
  return wav;
}
