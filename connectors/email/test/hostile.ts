/** Messages that somebody made to hurt whoever reads them; what each must come to. */
export interface Hostile {
  readonly name: string;
  readonly message: () => Buffer;
  /** The word of the refusal; nothing where it must be read. */
  readonly refused?: RegExp;
  /** Of the notice beside what is read. */
  readonly told?: RegExp;
}

const bytes = (...parts: string[]) => Buffer.from(parts.join(""), "latin1");
const levels = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  ).join("");
const enclosed = (count: number) => "Content-Type: message/rfc822\r\n\r\n".repeat(count);
const many = (count: number, one: (i: number) => string, between: string) =>
  Array.from({ length: count }, (_, i) => one(i)).join(between);

export const HOSTILE: readonly Hostile[] = [
  {
    name: "200,000 parts",
    message: () =>
      bytes("Content-Type: multipart/mixed; boundary=x\r\n\r\n", "--x\r\n\r\na\r\n".repeat(200_000)),
    refused: /parts/,
  },
  { name: "20,000 levels of parts", message: () => bytes(levels(20_000)), refused: /parts/ },
  { name: "500 enclosed messages", message: () => bytes(enclosed(500), "Subject: x\r\n\r\nx") },
  {
    name: "a header of 5 MB",
    message: () => bytes("Subject: ", "x".repeat(5_000_000), "\r\n\r\nx"),
    refused: /header/,
  },
  { name: "300,000 headers", message: () => bytes("X: y\r\n".repeat(300_000), "\r\nx"), refused: /header/ },
  {
    name: "100,000 addresses",
    message: () =>
      bytes(
        "To: ",
        many(100_000, (i) => `a${i}@example.com`, ",\r\n "),
        "\r\n\r\nx",
      ),
    refused: /header/,
  },
  {
    name: "10,000 addresses",
    message: () =>
      bytes(
        "To: ",
        many(10_000, (i) => `a${i}@example.com`, ",\r\n "),
        "\r\n\r\nx",
      ),
  },
  { name: "an address line of 900 kB", message: () => bytes("To: ", "a".repeat(900_000), "@x\r\n\r\nx") },
  { name: "comments never closed", message: () => bytes("To: ", "(".repeat(900_000), "\r\n\r\nx") },
  { name: "groups within groups", message: () => bytes("To: ", "a:".repeat(100_000), "\r\n\r\nx") },
  {
    name: "60,000 encoded words",
    message: () => bytes("Subject: ", "=?utf-8?q?a?= ".repeat(60_000), "\r\n\r\nx"),
  },
  {
    name: "a file name in 20,000 pieces",
    message: () =>
      bytes(
        "Content-Type: text/plain;",
        many(20_000, (i) => ` name*${i}=a`, ";"),
        "\r\nContent-Disposition: attachment\r\n\r\nx",
      ),
  },
  {
    name: "200,000 elements",
    message: () => bytes("Content-Type: text/html\r\n\r\n", "<div>".repeat(200_000)),
  },
  {
    name: "100,000 half links",
    message: () => bytes("Content-Type: text/html\r\n\r\n", "<a href='http://".repeat(100_000)),
  },
  {
    name: "40,000 pictures side by side",
    message: () => bytes("Content-Type: text/html\r\n\r\n", "<img src=x>".repeat(40_000)),
  },
  {
    name: "HTML that takes minutes to turn into text",
    message: () => bytes("Content-Type: text/html\r\n\r\n", "<b>w</b>".repeat(500_000)),
    told: /its HTML could not be turned into text/,
  },
  {
    name: "20 MB of text",
    message: () => bytes("Subject: x\r\n\r\n", "words and words and words\r\n".repeat(800_000)),
    told: /its text is longer than is read/,
  },
  { name: "nothing", message: () => bytes("") },
  { name: "a header alone", message: () => bytes("Subject: x") },
  { name: "NULs", message: () => Buffer.alloc(100_000) },
  {
    name: "a charset that is none",
    message: () => bytes("Content-Type: text/plain; charset=klingon\r\n\r\nx\xff"),
  },
  { name: "UTF-16 in a header", message: () => Buffer.from("Subject: \u1234\r\n\r\nx", "utf16le") },
  { name: "a Message-ID with a CR", message: () => bytes("Message-ID: <a\rb@x>\r\nSubject: x\r\n\r\nx") },
  ...["0000", "0", "9999"].map((year) => ({
    name: `a date of the year ${year}`,
    message: () => bytes(`Date: Mon, 13 May ${year} 10:01:00 +0100\r\nSubject: x\r\n\r\nx`),
    told: /its date is none that can be read/,
  })),
  {
    name: "yEnc, which has bytes that no text has",
    message: () =>
      Buffer.concat([
        bytes("Subject: x (1/1)\r\n\r\n=ybegin line=128 size=65536 name=../x\r\n"),
        Buffer.from(Uint8Array.from({ length: 65_536 }, (_, i) => i % 256)),
        bytes("\r\n=yend size=99999999999 crc32=00000000\r\n"),
      ]),
  },
  {
    name: "TNEF within S/MIME",
    message: () =>
      bytes(
        "Content-Type: multipart/signed; protocol=application/pkcs7-signature; boundary=s\r\n\r\n--s\r\n",
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n",
        'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\n',
        // TNEF's signature, and an attribute that says that it is four gigabytes long.
        Buffer.from("789f3e22010001900700ffffffff0000", "hex").toString("base64"),
        '\r\n--m--\r\n--s\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"\r\n\r\nx\r\n--s--\r\n',
      ),
  },
  { name: "a name that is a prototype", message: () => bytes("__proto__: x\r\nconstructor: y\r\n\r\nx") },
  {
    name: "1,000 references of 900 characters",
    message: () =>
      bytes(
        "References: ",
        many(1_000, () => `<${"r".repeat(900)}@x>`, "\r\n "),
        "\r\n\r\nx",
      ),
  },
];
