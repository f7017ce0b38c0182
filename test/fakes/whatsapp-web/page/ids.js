/** Id of a person (`@c.us`, `@lid`), of a group (`@g.us`) or of a list. */
export class Wid {
  constructor(text) {
    const [user, server] = text.split("@");
    this.server = server;
    this.user = user;
    this._serialized = text;
  }

  isLid() {
    return this.server === "lid";
  }

  isGroup() {
    return this.server === "g.us";
  }

  isUser() {
    return this.server === "c.us" || this.isLid();
  }

  isStatus() {
    return this._serialized === "status@broadcast";
  }

  toJid() {
    return this._serialized;
  }

  toString() {
    return this._serialized;
  }
}

export function createWid(like) {
  return like instanceof Wid ? like : new Wid(typeof like === "string" ? like : like._serialized);
}

/** Key of a message: `fromMe_chat_id[_participant]`. The library makes them of `from`, `to` and `selfDir`. */
export class MsgKey {
  constructor({ from, to, id, participant, selfDir, fromMe = selfDir === "out", remote }) {
    this.fromMe = fromMe;
    this.remote = createWid(remote ?? (fromMe ? to : from));
    this.id = id;
    if (participant) this.participant = createWid(participant);
    const parts = [fromMe, this.remote._serialized, id, this.participant?._serialized];
    this._serialized = parts.filter((part) => part !== undefined).join("_");
  }

  toString() {
    return this._serialized;
  }

  static async newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(9));
    return `3EB0${[...bytes].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join("")}`;
  }
}
