import { APPLIED, COMMITTED } from "./position_sql.ts";
import type { Observation } from "./topology_state.ts";

/** What a look finds out about a node, whoever looked and when. */
export type Finding = Omit<Observation, "node" | "beganAt" | "endedAt" | "wallMs">;

/** Where a server tells its status variables; its versions differ in that. */
export type StatusTable = "information_schema.global_status" | "performance_schema.global_status";

/** What is found of a node that does not answer. */
export const NOTHING = {
  writable: undefined,
  applying: undefined,
  heartbeat: undefined,
  position: undefined,
  committed: undefined,
  semiSync: undefined,
  version: undefined,
  connections: undefined,
} as const satisfies Partial<Finding>;

/** Where a server of that version tells its status variables. */
export function statusTableOf(version: string): StatusTable {
  return version.includes("MariaDB")
    ? "information_schema.global_status"
    : "performance_schema.global_status";
}

/**
 * All that a look asks, in one statement.
 *
 * Slaves_running counts threads that apply: with the primary gone a replica still does, and its
 * connection's state, which says otherwise, is no reason to take it out. Every value stands in a
 * subquery because MariaDB 10.11 answers 0 for any boolean system variable beside an aggregate.
 *
 * @param options.heartbeat whether its table of heartbeats can be read
 */
export function lookSql(
  options: { readonly status: StatusTable; readonly heartbeat: boolean },
): string {
  const value = (name: string) =>
    `(SELECT variable_value FROM ${options.status} WHERE variable_name = '${name}')`;
  const heartbeat = options.heartbeat
    ? "(SELECT beat FROM realmgate_heartbeat WHERE id = 1)"
    : "NULL";
  return `SELECT @@global.read_only, @@version, @@global.max_connections, ` +
    `${value("Threads_connected")}, ${value("Slaves_running")}, ` +
    `${value("Rpl_semi_sync_master_status")}, ${heartbeat}, ${APPLIED}, ${COMMITTED}`;
}

/** What the only row of a look says. */
export function toFinding(row: readonly unknown[]): Finding {
  const [readOnly, version, max, used, applying, semiSync, heartbeat, position, committed] = row;
  return {
    up: true,
    trouble: undefined,
    refused: false,
    writable: Number(readOnly) === 0,
    applying: isNull(applying) ? undefined : Number(applying) > 0,
    heartbeat: isNull(heartbeat) ? undefined : Number(heartbeat),
    position: isNull(position) ? undefined : String(position),
    // Without a binary log it is empty, whatever was committed.
    committed: isNull(committed) || committed === "" ? undefined : String(committed),
    semiSync: isNull(semiSync) ? undefined : semiSync === "ON",
    version: String(version),
    connections: { max: Number(max), used: Number(used) },
  };
}

function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}
