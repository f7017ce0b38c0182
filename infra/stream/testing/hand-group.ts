import { placeKey, type Place, type PartitionWork, type StreamGroup, Works } from "../src/group.ts";

/** A group whose member a test gives partitions to, and takes them from. */
export class HandGroup implements StreamGroup {
  #places: readonly Place[] = [];
  readonly #works = new Set<Works>();

  give(...places: Place[]): void {
    this.#have([...this.#places, ...places]);
  }

  take(...places: Place[]): void {
    const taken = new Set(places.map(placeKey));
    this.#have(this.#places.filter((place) => !taken.has(placeKey(place))));
  }

  async share(work: PartitionWork, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const ended: PromiseWithResolvers<void> = Promise.withResolvers();
    const works = new Works(work, () => ended.resolve());
    this.#works.add(works);
    works.have(this.#places);
    signal.addEventListener("abort", () => ended.resolve(), { once: true });
    await ended.promise;
    this.#works.delete(works);
    await works.end();
  }

  #have(places: readonly Place[]): void {
    this.#places = places;
    for (const works of this.#works) works.have(places);
  }
}
