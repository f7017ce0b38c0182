import { SampleArchive } from "./sample-archive.ts";
import { auditEvent, sampleAttachment, sampleEvent } from "./sample-events.ts";

/** A department's few days: every kind of record, several networks, awkward names, a disposal. */
export function sampleDepartment(options: { deployment?: string; seed?: string } = {}): SampleArchive {
  const archive = new SampleArchive(options);
  const photo = sampleAttachment("not really a photo", "Bild “eins” – Über.jpg", "image/jpeg");
  const page = sampleAttachment("<script>alert(1)</script>", "evil.html", "text/html");
  const source = sampleAttachment("04/03/2026, 15:04 - Ada: hello", "WhatsApp Chat.txt", "text/plain");
  const disposed = archive.add("0", sampleEvent({ text: "to be disposed of", networkId: "n0" }));
  archive.add("0", sampleEvent({ text: "The budget is agreed", networkId: "n1" }));
  archive.add(
    "0",
    sampleEvent({
      kind: "edit",
      text: "The budget is not agreed",
      networkId: "n1e",
      target: "n1",
      sentAt: "2026-03-04T15:05:05.000Z",
    }),
  );
  archive.add(
    "0",
    sampleEvent({
      kind: "reaction",
      text: "👍",
      target: "n1",
      sentAt: "2026-03-04T15:06:05.000Z",
      sender: { id: "x", name: "" },
    }),
  );
  archive.add(
    "0",
    sampleEvent({ kind: "receipt", text: "read", target: "n1", sentAt: "2026-03-04T15:07:05.000Z" }),
  );
  archive.add("0", sampleEvent({ kind: "delete", target: "n1", sentAt: "2026-03-05T09:00:00.000Z" }));
  archive.add(
    "0",
    sampleEvent({
      text: "<img src=x onerror=alert(1)>\n=1+1",
      networkId: "n2",
      replyTo: "n1",
      sender: { id: "=cmd()", name: "=cmd()|' /C calc'!A0" },
    }),
  );
  archive.add(
    "0",
    sampleEvent({
      text: "with photo",
      networkId: "n3",
      direction: "incoming",
      attachments: [photo.ref, page.ref],
    }),
    [photo.file, page.file],
  );
  archive.add(
    "0",
    sampleEvent({
      text: "again the photo",
      networkId: "n4",
      conversation: { id: "d1", title: "", kind: "direct" },
      attachments: [photo.ref],
    }),
    [photo.file],
  );
  archive.add(
    "0",
    sampleEvent({ kind: "gap", gap: { why: "media expired", about: photo.ref.name }, target: "n3" }),
  );
  archive.add(
    "0",
    sampleEvent({ kind: "edit", text: "long after", target: "n3", sentAt: "2026-04-04T15:04:05.000Z" }),
  );
  const coverage = {
    from: "2026-03-04T00:00:00.000Z",
    to: "2026-03-05T00:00:00.000Z",
    state: "live",
  } as const;
  const { conversation: _conversation, sender: _sender, sentAt: _sentAt, ...link } = sampleEvent();
  archive.add("0", { ...link, kind: "coverage", coverage });
  const supplied = { network: "whatsapp", method: "export", provenance: "supplied" } as const;
  const { sentAt: _zone, ...local } = sampleEvent({
    ...supplied,
    account: "import",
    conversation: { id: "w1", title: 'Ada | "Bob"\nFamily', kind: "unknown" },
  });
  archive.add("1", { ...local, kind: "notice", text: "supplied by Ada", attachments: [source.ref] });
  archive.add("1", {
    ...local,
    localTime: "2026-03-04T15:04:00",
    text: "héllo ".repeat(300),
    sender: { id: "Zoë 🎈, Müller", name: "Zoë 🎈, Müller" },
    recipients: [{ id: "+447700900009", name: "" }],
  });
  archive.add("1", {
    ...local,
    localTime: "2026-03-04T15:04:00",
    text: "héllo",
    sender: { id: "Ada", name: "Ada" },
  });
  archive.add("audit", auditEvent(archive.deployment, "matter-open", { title: "M" }));
  archive.dispose(disposed);
  return archive;
}
