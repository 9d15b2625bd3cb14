/**
 * `deno task schema:install`: makes Realmgate's own tables on every shard's writable node, as the
 * administrator whom REALMGATE_ADMIN_USER and REALMGATE_ADMIN_PASSWORD name.
 */
import { parseArgs } from "node:util";
import { readConfig } from "../config/read_config.ts";
import type { Config } from "../config/schema.ts";
import { systemClock } from "../core/clock.ts";
import { ScopeWatch } from "../core/scope.ts";
import type { MysqlDriver, MysqlSession } from "../drivers/mysql.ts";
import { Mysql2Driver } from "../drivers/mysql2_driver.ts";
import type { NodeSpec, ShardSpec } from "../routing/topology.ts";
import { installSchema, isWritable } from "./schema_install.ts";
import { shardSpecs, targetOf } from "./settings.ts";

/** What an install on all shards needs. */
export interface InstallOptions {
  readonly config: Config;
  /** The authority's certificate (PEM), where the database speaks TLS under its own. */
  readonly ca: string | undefined;
  readonly administrator: { readonly user: string; readonly password: string };
  readonly driver: MysqlDriver;
  readonly watch: ScopeWatch;
  /** Told of each shard that is done. */
  readonly say: (line: string) => void;
}

/** How long one shard may take. */
const SHARD_TIMEOUT_MS = 60_000;

/**
 * Installs the schema on every shard, one after the other; safe to repeat.
 *
 * @throws {Error} if a shard has not exactly one writable node, or its server refuses
 */
export async function installEverywhere(options: InstallOptions): Promise<void> {
  for (const shard of shardSpecs(options.config)) {
    const scope = options.watch.open({ timeoutMs: SHARD_TIMEOUT_MS });
    try {
      await installOn(shard, options, (node) => {
        const target = { ...targetOf({ ...options, node }), ...options.administrator };
        return options.driver.connect(target, scope);
      });
    } finally {
      scope.close();
    }
  }
}

async function installOn(
  shard: ShardSpec,
  options: InstallOptions,
  connect: (node: NodeSpec) => Promise<MysqlSession>,
): Promise<void> {
  const candidates = shard.role === "fixed" ? shard.nodes.slice(0, 1) : shard.nodes;
  const sessions: MysqlSession[] = [];
  const writable: { readonly name: string; readonly session: MysqlSession }[] = [];
  const away: string[] = [];
  try {
    for (const node of candidates) {
      try {
        const session = await connect(node);
        sessions.push(session);
        if (shard.role === "fixed" || await isWritable(session)) {
          writable.push({ name: node.name, session });
        }
      } catch (error) {
        away.push(`${node.name}: ${error instanceof Error ? error.message : error}`);
      }
    }
    const [only, second] = writable;
    if (only === undefined || second !== undefined) {
      const names = writable.map(({ name }) => name).join(", ") || "none";
      throw new Error(
        `Cannot install the schema on shard ${shard.name}: must have one writable node, ` +
          `received ${[names, ...away].join("; ")}`,
      );
    }
    const { from, to } = await installSchema(only.session);
    const done = from === to ? `is at version ${to}` : `version ${from} -> ${to}`;
    options.say(`${shard.name}  ${only.name}  ${done}`);
  } finally {
    for (const session of sessions) await session.end();
  }
}

const HELP = `Usage: deno task schema:install

Makes Realmgate's own tables on every shard's writable node, or brings them up to date.

  REALMGATE_CONFIG          the configuration (realmgate.yaml)
  REALMGATE_ADMIN_USER      an account that may make tables
  REALMGATE_ADMIN_PASSWORD  its password`;

async function main(): Promise<void> {
  const { values } = parseArgs({ args: Deno.args, options: { help: { type: "boolean" } } });
  if (values.help) return console.log(HELP);
  const environment = Deno.env.toObject();
  const user = environment["REALMGATE_ADMIN_USER"];
  if (user === undefined) {
    throw new Error(
      "Cannot install the schema: REALMGATE_ADMIN_USER must be set, received nothing",
    );
  }
  const { config, ca } = await readConfig(environment);
  const watch = new ScopeWatch({ clock: systemClock, tickMs: 100 });
  try {
    await installEverywhere({
      config,
      ca,
      administrator: { user, password: environment["REALMGATE_ADMIN_PASSWORD"] ?? "" },
      driver: new Mysql2Driver(),
      watch,
      say: console.log,
    });
  } finally {
    watch.close();
  }
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
