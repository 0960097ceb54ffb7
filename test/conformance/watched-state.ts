import type { KubernetesObject } from "@meshfed/core";
import type { StoreEvent } from "@meshfed/server";
import { versionOf } from "./watch-recorder.js";

/** What a client that starts with a list and follows a watch believes to exist. Throws on an event that cannot follow. */
export class WatchedState {
  readonly #objects: Map<string, KubernetesObject>;
  #version: number;

  constructor(objects: Iterable<KubernetesObject> = [], version = "0") {
    this.#objects = new Map([...objects].map((object) => [nameOf(object), object]));
    this.#version = Number(version);
  }

  get version(): string {
    return String(this.#version);
  }

  /** Sorted as a list is. */
  get objects(): KubernetesObject[] {
    return [...this.#objects].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => object);
  }

  copy(): WatchedState {
    return new WatchedState(this.#objects.values(), this.version);
  }

  apply(event: StoreEvent): void {
    const version = Number(versionOf(event));
    if (event.type === "BOOKMARK") {
      if (version < this.#version) throw new Error(`bookmark ${version} after ${this.#version}`);
      this.#version = version;
      return;
    }
    const name = nameOf(event.object);
    if (version <= this.#version) throw new Error(`${event.type} ${name} at ${version} after ${this.#version}`);
    if (this.#objects.has(name) === (event.type === "ADDED")) {
      throw new Error(
        `${event.type} ${name} at ${version}, which is ${event.type === "ADDED" ? "already" : "not"} there`,
      );
    }
    if (event.type === "DELETED") this.#objects.delete(name);
    else this.#objects.set(name, event.object);
    this.#version = version;
  }
}

function nameOf(object: KubernetesObject): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}
