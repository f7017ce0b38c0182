import { writePackage } from "../src/index.ts";
import { SampleArchive, sampleAttachment, sampleDepartment, sampleEvent } from "../testing/index.ts";
import { MemorySink } from "./scratch.ts";

async function pagesOf(archive: SampleArchive) {
  const sink = new MemorySink();
  await writePackage(archive.input("P", new Set(["html"])), sink);
  return { sink, pages: sink.under("data/html/").map((path) => ({ path, html: sink.text(path) })) };
}

async function pageOf(archive: SampleArchive): Promise<string> {
  const { pages } = await pagesOf(archive);
  return pages.find(({ path }) => !path.endsWith("index.html"))!.html;
}

describe("the reading copy in HTML", () => {
  it("runs nothing and takes nothing from outside, whatever people wrote", async () => {
    const archive = sampleDepartment();
    const nasty = "\"><script>alert(1)</script><img src=x onerror=alert(1)>\u0000\u001b[2J'";
    archive.add(
      "0",
      sampleEvent({
        text: nasty,
        sender: { id: nasty, name: nasty },
        conversation: { id: "x", title: nasty, kind: "group" },
        custodian: { id: "n", name: nasty },
      }),
    );
    const { pages } = await pagesOf(archive);

    expect(pages).toHaveLength(5);
    for (const { html } of pages) {
      expect(html).toContain("Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
      const tags = [...html.matchAll(/<\/?([a-z!][^>\s/]*)/gi)].map((match) => match[1]!.toLowerCase());
      const known = /^(?:!doctype|html|head|meta|style|title|body|h1|p|a|div|span|time|bdi|ul|li)$/;
      expect(tags.filter((tag) => !known.test(tag))).toEqual([]);
      expect(html).not.toMatch(/<[^>]*\son\w+=|(?:href|src)="(?!index\.html|[a-z0-9._-]+\.html|\.\.\/)/);
      expect(html).not.toMatch(/[\0-\x08\x0b-\x1f]/);
    }
  });

  it("has a page a conversation and day, and an index that leads to each", async () => {
    const { sink, pages } = await pagesOf(sampleDepartment());
    const links = [...sink.text("data/html/index.html").matchAll(/href="([^"]+)"/g)].map(
      (match) => `data/html/${match[1]!}`,
    );

    expect(links).toEqual(pages.map(({ path }) => path).filter((path) => !path.endsWith("index.html")));
  });

  it("shows every version of an edited message, and keeps what was deleted", async () => {
    const archive = new SampleArchive();
    archive.add("0", sampleEvent({ text: "first words", networkId: "n1" }));
    archive.add(
      "0",
      sampleEvent({ kind: "edit", text: "second words", target: "n1", sentAt: "2026-03-04T15:05:00.000Z" }),
    );
    archive.add("0", sampleEvent({ kind: "delete", target: "n1", sentAt: "2026-03-04T15:06:00.000Z" }));
    const html = await pageOf(archive);

    expect(html).toMatch(
      /Version 1:.*first words.*Version 2, edited .*second words.*Deleted.*what was captured is kept above/s,
    );
  });

  it("says of supplied text that it could be edited, and of a time that its zone is unknown", async () => {
    const archive = new SampleArchive();
    const { sentAt: _, ...local } = sampleEvent({
      provenance: "supplied",
      method: "export",
      localTime: "2026-03-04T15:04:00",
      text: "x",
    });
    archive.add("0", local);
    const html = await pageOf(archive);

    expect(html).toContain("handed over by an interested party");
    expect(html).toContain("2026-03-04T15:04:00</time> (zone unknown)");
    expect(await pageOf(sampleDepartment())).not.toContain("handed over by an interested party");
  });

  it("links to attachments and records in the package", async () => {
    const archive = new SampleArchive();
    const photo = sampleAttachment("photo", "a.jpg", "image/jpeg");
    const id = archive.add("0", sampleEvent({ attachments: [photo.ref], text: "x" }), [photo.file]);
    const { sink, pages } = await pagesOf(archive);
    const { html } = pages[0]!;

    for (const [, target] of html.matchAll(/href="\.\.\/([^"]+)"/g))
      expect(sink.files.has(`data/${target!}`)).toBe(true);
    expect(html).toContain(`../records/${id}.json`);
    expect(html).toContain(`../attachments/${photo.ref.sha256}.jpg`);
  });
});
