// Seals the folder at its second argument into the file at its first, again and again, until it is killed.
import { SealedProfile } from "../../src/profile/sealed-profile.ts";

const [path, dir] = process.argv.slice(2);
const sealed = new SealedProfile(path!, Buffer.alloc(32, 7));
for (;;) await sealed.seal(dir!);
