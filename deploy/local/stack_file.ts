import { createHash } from "node:crypto";
import { join } from "node:path";

/** One database server of the stack, as its home remembers it. */
export interface NodeRecord {
  /** Such as `s1a`. */
  readonly name: string;
  /** Such as `s1`. */
  readonly shard: string;
  /** Unique in the stack. */
  readonly serverId: number;
  readonly port: number;
}

/** What a home remembers of its stack, so that a later run, or another process, can go on with it. */
export interface StackRecord {
  readonly database: string;
  readonly tls: boolean;
  readonly passwords: {
    readonly administrator: string;
    readonly replication: string;
    readonly service: string;
  };
  readonly nodes: readonly NodeRecord[];
  readonly redisPort: number;
}

/** The name of the account that may do everything: for tests and migrations. */
export const ADMINISTRATOR = "realmgate_admin";
/** The name of the account that the service logs in with. */
export const SERVICE = "realmgate";
/** The name of the account that replicas log in with. */
export const REPLICATION = "realmgate_replication";

/** Reads a home's record; `undefined` for a home that has none yet. */
export async function readStackRecord(home: string): Promise<StackRecord | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(join(home, "stack.json")));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Writes a home's record, for the owner's eyes only. */
export async function writeStackRecord(home: string, record: StackRecord): Promise<void> {
  await writePrivately(join(home, "stack.json"), JSON.stringify(record, null, 2) + "\n");
}

/** Replaces a file in one step; only its owner may read it. */
export async function writePrivately(path: string, text: string): Promise<void> {
  const next = `${path}.${Deno.pid}.new`;
  await Deno.writeTextFile(next, text, { mode: 0o600 });
  await Deno.rename(next, path);
}

/** 144 random bits, as letters, digits, `-` and `_`. */
export function newSecret(): string {
  return crypto.getRandomValues(new Uint8Array(18)).toBase64({ alphabet: "base64url" });
}

/**
 * Where the unix sockets of a home are. Their paths may have 107 bytes at most, so a long home
 * keeps them in the system's temporary folder instead.
 */
export function socketFolder(home: string): string {
  const own = join(home, "sockets");
  if (new TextEncoder().encode(own).length <= 80) return own;
  return `/tmp/realmgate-${createHash("sha256").update(home).digest("hex").slice(0, 16)}`;
}

/** Which node of a shard was writable when this was last known; `undefined` at first. */
export async function recordedWritable(home: string, shard: string): Promise<string | undefined> {
  const text = await Deno.readTextFile(join(home, `${shard}.writable`)).catch(() => "");
  return text === "" ? undefined : text.trim();
}

/** Remembers which node of a shard is writable, for the next start. */
export async function recordWritable(home: string, shard: string, node: string): Promise<void> {
  await writePrivately(join(home, `${shard}.writable`), `${node}\n`);
}
