import type { Call } from "../wrk.ts";
import type { Service } from "./services.ts";

/** A player's columns, all as text, in the order of the names. */
type Columns = Readonly<Record<string, string>>;

const COLUMNS = ["id", "name", "level", "xp", "gold", "version"];
/** Players of both shards, the first and the last among them. */
const IDS = [1, 2, 3, 4, 5, 6, 7, 8, 42, 9_999, 10_000];

/**
 * Checks that all services answer the same players as `reference`, which must read what is in the
 * primaries now, and that an update by each of them adds one piece of gold.
 *
 * @throws if one does not: its figures would mean nothing
 */
export async function checkAnswers(
  services: readonly Service[],
  reference: Service,
): Promise<void> {
  for (const service of services) {
    for (const id of IDS) {
      const [expected, received] = [await playerOf(reference, id), await playerOf(service, id)];
      expectSame(service, "what it reads", { expected, received });
    }
  }
  for (const service of services) {
    for (const id of IDS) {
      const before = await playerOf(reference, id);
      await send(service, service.update, id);
      const received = await playerOf(reference, id);
      const more = (column: string) => String(Number(before[column]) + 1);
      const expected = { ...before, gold: more("gold"), version: more("version") };
      expectSame(service, "what it has updated", { expected, received });
    }
  }
}

function expectSame(
  service: Service,
  what: string,
  rows: { readonly expected: Columns; readonly received: Columns },
): void {
  const [expected, received] = [JSON.stringify(rows.expected), JSON.stringify(rows.received)];
  if (expected === received) return;
  throw new Error(
    `Cannot measure ${service.name}: ${what} must be ${expected}, received ${received}`,
  );
}

async function playerOf(service: Service, id: number): Promise<Columns> {
  const answer = await send(service, service.read, id) as Record<string, unknown>;
  // Realmgate's answers have their row in a member of its own.
  const row = (answer["data"] ?? answer) as Record<string, unknown>;
  return Object.fromEntries(COLUMNS.map((column) => [column, String(row[column])]));
}

async function send(service: Service, call: Call, id: number): Promise<unknown> {
  const fill = (text: string) => text.replaceAll("{id}", String(id));
  const answer = await fetch(service.url + fill(call.path), {
    method: call.method,
    headers: call.headers,
    ...(call.body === undefined ? {} : { body: fill(call.body) }),
  });
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(
      `Cannot measure ${service.name}: ${call.path} must answer 200, received ${answer.status} ${text}`,
    );
  }
  return JSON.parse(text);
}
