/**
 * Starts one server of a running stack again: `restart.ts --home <folder> --node <name>`. It is what
 * `restartCommand` calls, from whatever process and folder.
 */
import { parseArgs } from "node:util";
import { MariadbServer } from "./mariadb_server.ts";
import { findPrograms } from "./programs.ts";
import { REDIS_NODE, RedisServer } from "./redis_server.ts";
import { joinShard } from "./replication.ts";
import { readStackRecord } from "./stack_file.ts";

/** Restarts the server that a home knows by that name, and gives it its place in its shard. */
export async function restartNode(home: string, name: string): Promise<void> {
  const record = await readStackRecord(home);
  if (record === undefined) {
    throw new Error(`Cannot restart ${name}: must be in a home with servers, received ${home}`);
  }
  const programs = await findPrograms({ install: false });
  if (name === REDIS_NODE) {
    return await new RedisServer({ home, port: record.redisPort, program: programs.redisServer })
      .restart();
  }
  const nodes: readonly MariadbServer[] = record.nodes.map((node) =>
    new MariadbServer({
      home,
      node,
      record,
      programs,
      rejoin: (server) =>
        joinShard(server, { home, nodes: nodes.filter(({ shard }) => shard === server.shard) }),
    })
  );
  const server = nodes.find((node) => node.name === name);
  if (server === undefined) {
    const names = [...nodes.map((node) => node.name), REDIS_NODE].join(", ");
    throw new RangeError(`Cannot restart a server: must be one of ${names}, received "${name}"`);
  }
  await server.restart();
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: { home: { type: "string" }, node: { type: "string" } },
  });
  try {
    if (values.home === undefined || values.node === undefined) {
      throw new TypeError("Cannot restart a server: must have --home and --node");
    }
    await restartNode(values.home, values.node);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
