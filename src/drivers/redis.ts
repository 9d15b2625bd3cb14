import { createHash } from "node:crypto";
import type { Trace } from "../core/telemetry.ts";

/** A Lua script with the SHA-1 that a server knows it by. */
export interface RedisScript {
  readonly lua: string;
  readonly sha: string;
  /** What traces call it. */
  readonly name: string;
}

/**
 * A script that runs by its SHA-1, so that its text is sent only to a server that does not have it.
 *
 * @param name what traces call it; default: `script`
 *
 * @example
 * ```ts
 * import { redisScript } from "./redis.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(redisScript("return 1").sha, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
 * ```
 */
export function redisScript(lua: string, name = "script"): RedisScript {
  return { lua, sha: createHash("sha1").update(lua).digest("hex"), name };
}

/** One run of a script. */
export interface ScriptRun {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
  /** Where its span begins. @default {nobody traces it} */
  readonly trace?: Trace | undefined;
}

/**
 * One connection to Redis: the small part of a Redis driver that Realmgate uses. It reconnects by
 * itself. Nothing is queued for a server that is away, and nothing is sent twice: a command fails
 * at once while the state is `down`, and is settled within the client's time limit in any case,
 * of which only time counts in which an answer could be heard.
 */
export interface RedisClient {
  /** Whether the server answered lately; known without waiting. */
  readonly state: "up" | "down";
  /** Adds a listener, called on each change of `state` until the client is closed. */
  onState(listener: (state: "up" | "down") => void): void;
  /**
   * Runs a script. Every key must carry the fleet's hash tag.
   *
   * @throws {RealmgateError} `redis_unavailable`; its outcome is `not_applied` only if the script
   * was not sent or the server itself refused it
   */
  run(script: RedisScript, options: ScriptRun): Promise<unknown>;
  /**
   * Calls `onMessage` with each message that is published on `channel`, for as long as the client
   * lives and is `up`; a channel may have several listeners, which must not throw. After a
   * reconnect it is subscribed again before `state` becomes `up`, so that whoever looks for what
   * was missed on `up` misses nothing. Messages arrive on the connection of the commands, and a
   * reply is a barrier: what others published before the server ran the command was delivered
   * before it.
   *
   * @returns once it is subscribed; at once while `down`, as the next connection will subscribe
   * @throws {RealmgateError} `redis_unavailable` where the server refuses; then it is not kept
   */
  subscribe(channel: string, onMessage: (message: string) => void): Promise<void>;
  /** Resolves if the server answers. @throws {RealmgateError} `redis_unavailable` */
  ping(): Promise<void>;
  /** Closes the connection for good; commands under way fail. */
  close(): Promise<void>;
}
