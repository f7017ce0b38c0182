import { rightsDocument } from "./rights-document.ts";

process.stdout.write(rightsDocument());
