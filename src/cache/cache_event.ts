/** A write is about to be sent: its tags are in doubt until it is done or aborted. */
export interface Intent {
  readonly kind: "intent";
  /** Unique in the fleet. */
  readonly id: string;
  readonly tags: readonly string[];
  readonly shard: string;
  /** The server that it is sent to, and its session there: whom to ask what became of it. */
  readonly node: string;
  readonly connection: number;
  /** How long it can take at most, in milliseconds; whoever waits longer has to find out. */
  readonly limitMs: number;
}

/** Where a shard was once a write had been applied. */
export interface WrittenPlace {
  readonly shard: string;
  /** The shard's epoch. */
  readonly epoch: string;
  /** What a replica must have to show the write; empty where that is not known. */
  readonly position: string;
}

/** A write was applied. */
export interface Done extends WrittenPlace {
  readonly kind: "done";
  readonly id: string;
  readonly tags: readonly string[];
}

/** The server refused a write: nothing has changed. */
export interface Aborted {
  readonly kind: "aborted";
  readonly id: string;
}

/** Something has changed without an intent: on one shard, or nobody knows where. */
export interface Dropped {
  readonly kind: "dropped";
  readonly tags: readonly string[];
  readonly place: WrittenPlace | undefined;
}

/** What isolates tell each other of their caches: keys and tags, never values. */
export type CacheEvent = Intent | Done | Aborted | Dropped;

/** One step of the fleet's log of events. */
export interface CacheMessage {
  /** One life of the log's server; another epoch knows nothing of this one. */
  readonly epoch: string;
  /** The sequence before this one, so that a gap is seen. */
  readonly previous: number;
  readonly sequence: number;
  readonly events: readonly CacheEvent[];
}

/** Events as the log holds them. */
export function encodeEvents(events: readonly CacheEvent[]): string {
  return JSON.stringify(events.map(toWire));
}

/** Reads what {@linkcode encodeEvents} wrote. @throws {TypeError} where it is something else */
export function decodeEvents(text: string): CacheEvent[] {
  const events: unknown = JSON.parse(text);
  if (!Array.isArray(events)) throw unreadable();
  return events.map(fromWire);
}

/** Reads a message of the channel, `epoch previous sequence events`. @throws {TypeError} */
export function decodeMessage(text: string): CacheMessage {
  const [, epoch, previous, sequence, events] = /^(\S+) (\d+) (\d+) (.*)$/s.exec(text) ?? [];
  if (epoch === undefined || events === undefined) throw unreadable();
  return {
    epoch,
    previous: Number(previous),
    sequence: Number(sequence),
    events: decodeEvents(events),
  };
}

function toWire(event: CacheEvent): unknown[] {
  switch (event.kind) {
    case "intent": {
      const { id, tags, shard, node, connection, limitMs } = event;
      return ["i", id, tags, shard, node, connection, limitMs];
    }
    case "done":
      return ["d", event.id, event.tags, event.shard, event.epoch, event.position];
    case "aborted":
      return ["a", event.id];
    case "dropped": {
      const { tags, place } = event;
      return place === undefined
        ? ["x", tags]
        : ["x", tags, place.shard, place.epoch, place.position];
    }
  }
}

function fromWire(wire: unknown): CacheEvent {
  if (!Array.isArray(wire)) throw unreadable();
  const [kind, ...rest] = wire;
  switch (kind) {
    case "i": {
      const [id, tags, shard, node, connection, limitMs] = rest;
      return { kind: "intent", id, tags, shard, node, connection, limitMs };
    }
    case "d": {
      const [id, tags, shard, epoch, position] = rest;
      return { kind: "done", id, tags, shard, epoch, position };
    }
    case "a":
      return { kind: "aborted", id: rest[0] };
    case "x": {
      const [tags, shard, epoch, position] = rest;
      return {
        kind: "dropped",
        tags,
        place: shard === undefined ? undefined : { shard, epoch, position },
      };
    }
    default:
      throw unreadable();
  }
}

function unreadable(): TypeError {
  return new TypeError("Cannot read the caches' events: another version must have written them");
}
