// What the profile keeps between loads, in IndexedDB as WhatsApp Web does: it survives a kill once it is put.

const done = (request, event = "success") =>
  new Promise((resolve, reject) => {
    request.addEventListener(event, () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });

const opening = indexedDB.open("standin", 1);
opening.addEventListener("upgradeneeded", () => opening.result.createObjectStore("kept"));
const database = await done(opening);
const STRICT = { durability: "strict" };

function change(make) {
  const transaction = database.transaction("kept", "readwrite", STRICT);
  make(transaction.objectStore("kept"));
  return done(transaction, "complete");
}

export const get = (name) => done(database.transaction("kept").objectStore("kept").get(name));
export const put = (name, value) => change((store) => store.put(value, name));
export const remove = (name) => change((store) => store.delete(name));
