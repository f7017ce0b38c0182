/** `data/README.txt`: how to check a package with nothing of ours. */
export function readMe(name: string): string {
  return `EVIDENCE PACKAGE ${name}

Every record here was sealed, and its digest logged in a signed append-only log, when it was captured. You can
check that with tools Daybook did not write. Each command below must end with exit status 0 ("echo $?" shows
it); anything else means: not as it was. Run them in this folder, the one that holds bagit.txt.

1. Is every file whole?

   sha256sum --check --strict --quiet manifest-sha256.txt
   sha256sum --check --strict --quiet tagmanifest-sha256.txt

   Beside this folder lies ${name}.receipt: the logged record of this export. It names the
   SHA-256 of tagmanifest-sha256.txt ("tagManifestSha256"), and so all files:

   sha256sum tagmanifest-sha256.txt

2. Is a record what was sealed? For any ID in data/index.csv:

   ID=...
   KEY=$(grep "^$ID," data/session-keys.csv | cut -d, -f2)
   gpg --batch --quiet --override-session-key "$KEY" --decrypt data/sealed/$ID.pgp > ../$ID.json && cmp ../$ID.json data/records/$ID.json

   Mind the exit status: of an altered file gpg prints the altered text first and only then fails.

3. Is it what was logged? data/leaves/ID.leaf is the entry in the log: "rec" is the SHA-256 of the record, "ct"
   that of the sealed packet:

   sha256sum data/records/$ID.json data/sealed/$ID.pgp
   cat data/leaves/$ID.leaf

   data/proofs/ID.tlog-proof (c2sp.org/tlog-proof) leads from that entry to the checkpoint in
   data/logs/SHARD/checkpoint (c2sp.org/tlog-checkpoint), signed by the key in data/logs/SHARD/vkey. Any C2SP tool
   checks both, such as Go's golang.org/x/mod/sumdb/tlog and note. Compare the key with one that you were given by
   another way: a key that only this package vouches for proves nothing against whoever made the package.

4. Who else saw the log, and when? More lines under a checkpoint are cosignatures (c2sp.org/tlog-cosignature) of
   witnesses: each saw the log grow to this head without a change to what was there, at the time in its line. Check
   them with the witness's key, from the witness itself, and any C2SP tool, such as Go's filippo.io/torchwood.
   data/logs/witnesses has the keys that the archive was told of.

   data/logs/SHARD/checkpoint.tsr, where there is one, is an RFC 3161 time-stamp of that checkpoint: what is in the
   log was there at that time. CA.pem is the root of the authority, from the authority itself
   (data/logs/tsa-ca.pem is the one that the archive was told of):

   openssl ts -verify -data data/logs/SHARD/checkpoint -in data/logs/SHARD/checkpoint.tsr -CAfile CA.pem

   Add -attime SECONDS (since 1970, within the certificates' time) once the certificates have expired.

5. All of it at once, offline: daybook verify . (--key VKEY, --witness VKEY, --tsa-ca CA.pem for keys of your own)

WHAT IS HERE
   data/records/     the records, canonical JSON (RFC 8785); "raw" is what the network delivered, base64
   data/sealed/, data/session-keys.csv, data/leaves/, data/proofs/, data/logs/    what proves them
   data/disposals/   records that were destroyed under authority: the certificate is the audit record "auditId"
   data/attachments/ by SHA-256 of their content, as the records cite them
   data/gaps.jsonl, data/coverage.jsonl    where the archive knows that it was blind, and when it was listening
   data/audit.jsonl  what was done under this matter
   data/index.csv    one row a record; columns are separated by "|": import it as text. An apostrophe before
                     = + - or @ keeps a spreadsheet from running a cell as a formula.
   data/request.json what was asked
   data/rsmf/, data/eml/, data/html/   reading copies, where asked for: made from the records, not evidence

"supplied" as provenance means an export handed over by an interested party: text that could be edited before it
came here. A time with "localTime" and no "sentAt" has no zone: the source named none and none was invented.
`;
}
