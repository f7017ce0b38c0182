// What WhatsApp Web's models and collections are to those who listen: Backbone's order of events, and its names.

export class Emitter {
  #listeners = new Map();

  on(names, listener) {
    for (const name of names.split(" ")) {
      this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
    }
    return this;
  }

  off(names, listener) {
    for (const name of names.split(" ")) {
      const left = (this.#listeners.get(name) ?? []).filter((l) => l !== listener && l.once !== listener);
      this.#listeners.set(name, left);
    }
    return this;
  }

  once(name, listener) {
    const wrapped = (...args) => {
      this.off(name, wrapped);
      listener(...args);
    };
    wrapped.once = listener;
    return this.on(name, wrapped);
  }

  isHeard(name) {
    return (this.#listeners.get(name) ?? []).length > 0;
  }

  trigger(name, ...args) {
    for (const listener of this.#listeners.get(name) ?? []) listener(...args);
  }
}

export class Model extends Emitter {
  constructor(attributes, collection) {
    super();
    Object.assign(this, attributes);
    Object.defineProperty(this, "collection", { value: collection, enumerable: false });
  }

  /** Sets all attributes, then tells: `change:NAME` of each that is another now, and one `change` at the end. */
  set(attributes) {
    const changes = Object.entries(attributes)
      .filter(([name, value]) => this[name] !== value)
      .map(([name, value]) => ({ name, value, before: this[name] }));
    for (const { name, value } of changes) this[name] = value;
    for (const { name, value, before } of changes) this.#tell(`change:${name}`, value, before);
    if (changes.length > 0) this.#tell("change");
    return this;
  }

  #tell(name, ...values) {
    this.trigger(name, this, ...values);
    this.collection?.trigger(name, this, ...values);
  }

  serialize() {
    return JSON.parse(JSON.stringify({ ...this }));
  }
}

const idOf = (key) => (typeof key === "string" ? key : key?._serialized);

export class Collection extends Emitter {
  #models = new Map();

  /** @param make makes the model that `find` is asked for and that is not there */
  constructor(modelClass = Model, make = (id) => ({ id })) {
    super();
    this.modelClass = modelClass;
    this.make = make;
  }

  get length() {
    return this.#models.size;
  }

  get(key) {
    return this.#models.get(idOf(key));
  }

  async find(key) {
    return this.get(key) ?? this.add(this.make(idOf(key)));
  }

  getModelsArray() {
    return [...this.#models.values()];
  }

  toJSON() {
    return this.getModelsArray();
  }

  add(attributes) {
    const known = this.get(attributes.id);
    if (known) return known;
    const model = new this.modelClass(attributes, this);
    this.#models.set(idOf(attributes.id), model);
    this.trigger("add", model);
    return model;
  }

  remove(key) {
    const model = this.forget(key);
    if (model) this.trigger("remove", model);
  }

  /** Drops a model from memory, as WhatsApp Web does with what is not on the screen: without a word. */
  forget(key) {
    const model = this.get(key);
    this.#models.delete(idOf(key));
    return model;
  }

  async update() {}
}
