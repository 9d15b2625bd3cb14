import type { ModelDatabase } from "./model_database.ts";
import type { ModelIsolate } from "./model_isolate.ts";
import type { ModelLink } from "./model_link.ts";
import type { ModelProcess } from "./model_process.ts";
import type { ModelRedis } from "./model_redis.ts";
import type { Action, Fault } from "./schedule.ts";
import type { Simulation } from "./simulation.ts";

/** An isolate's place in the fleet: what runs there is replaced when it dies. */
export interface Place {
  isolate: ModelIsolate | undefined;
}

/** One of those that sweep. */
export interface Sweeping {
  readonly process: ModelProcess;
  readonly link: ModelLink;
}

/** What actions happen to. */
export interface World {
  readonly sim: Simulation;
  readonly redis: ModelRedis;
  readonly database: ModelDatabase;
  readonly places: readonly Place[];
  readonly sweepers: readonly Sweeping[];
  /** Where Redis loses all that it knows, somebody who knows that it did is unharmed. */
  readonly witness: Place | undefined;
  /** Starts another isolate at a place. */
  begin(place: Place): void;
}

const KEYS = ["a", "b"];

/** Lets one action of a schedule happen. */
export function applyAction(world: World, action: Action): void {
  const { sim, database } = world;
  switch (action.kind) {
    case "write":
    case "burst":
    case "read": {
      const place = world.places[action.isolate % world.places.length];
      return use(place?.isolate, action, { now: sim.now, mortal: place !== world.witness });
    }
    case "lag":
      database.lagMs = action.ms;
      return;
    default:
      return harm(world, action);
  }
}

function use(
  isolate: ModelIsolate | undefined,
  action: Action & { readonly kind: "write" | "burst" | "read" },
  { now, mortal }: { readonly now: number; readonly mortal: boolean },
): void {
  if (isolate === undefined) return;
  const { process, reader, writer } = isolate;
  const key = KEYS[action.key % KEYS.length] ?? "";
  switch (action.kind) {
    case "read":
      return process.at(now, () => reader.read([key], action));
    case "write": {
      const fate = mortal || !action.fate.startsWith("dies_") ? action.fate : "applied";
      return process.at(now, () => void writer.write(key, { ...action, fate }));
    }
    case "burst":
      for (let at = 0; at < action.count; at++) {
        process.at(now + at, () => void writer.write(key, { fate: "applied", takesMs: 1 }));
      }
  }
}

function harm(world: World, fault: Fault): void {
  const { sim, redis, places, sweepers, witness } = world;
  const place = "isolate" in fault ? places[fault.isolate % places.length] : undefined;
  const isolate = place === witness ? undefined : place?.isolate;
  const sweeper = "sweeper" in fault ? sweepers[fault.sweeper % sweepers.length] : undefined;
  switch (fault.kind) {
    case "cut":
      return isolate?.link.cut(fault.ms);
    case "freeze":
      return isolate?.link.freeze(fault.ms);
    case "slow":
      return isolate?.link.slow(fault);
    case "stop":
      return stop(isolate?.process, fault.ms);
    case "kill":
      isolate?.kill();
      return sim.after(fault.awayMs, () => {
        if (place?.isolate?.process.alive === false) world.begin(place);
      });
    case "retire":
      if (isolate === undefined || place === undefined) return;
      // It answers nobody any longer; writes that it has begun go on until it has told all it has to.
      place.isolate = undefined;
      void isolate.caches.shutdown().then(() => isolate.kill());
      return sim.after(fault.awayMs, () => {
        if (place.isolate === undefined) world.begin(place);
      });
    case "cut_sweeper":
      return sweeper?.link.cut(fault.ms);
    case "stop_sweeper":
      return stop(sweeper?.process, fault.ms);
    case "close_connections":
      return redis.primary.closeAll();
    case "flush":
      return redis.primary.log.flush();
    case "stall":
      redis.primary.stalledUntil = sim.now + fault.ms;
      return;
    case "restart":
      return redis.restart(fault);
    case "fail_over":
      return redis.failOver(fault);
  }
}

function stop(process: ModelProcess | undefined, ms: number): void {
  process?.stop();
  process?.sim.after(ms, () => process.goOn());
}
