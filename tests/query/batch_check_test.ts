import { assert, assertEquals } from "@std/assert";
import { batchFault } from "../../src/query/batch_check.ts";
import type { ParamSpec } from "../../src/query/statement.ts";

function fault(kind: "bigint" | "string", dataType: string, collation: string | null) {
  const params: readonly ParamSpec[] = [{ name: "key", type: { kind }, secret: false }];
  const column = { table: "t", column: "k", dataType, collation, param: "key" };
  return batchFault({ batch: { column: "k", param: "key", pieces: [] }, params }, [column]);
}

Deno.test("batchFault lets calls be merged when equal keys are equal texts", () => {
  assertEquals(fault("bigint", "BIGINT", null), undefined);
  assertEquals(fault("string", "varchar", "utf8mb4_bin"), undefined);
});

Deno.test("batchFault says why not when the database takes different texts for equal", () => {
  for (
    const [kind, dataType, collation] of [
      ["bigint", "varchar", "utf8mb4_bin"],
      ["bigint", "decimal", null],
      ["string", "bigint", null],
      ["string", "varchar", "utf8mb4_general_ci"],
    ] as const
  ) assert(fault(kind, dataType, collation) !== undefined, `${kind} ${dataType}`);
});

Deno.test("batchFault says so when no compared column can be found", () => {
  const params: readonly ParamSpec[] = [{ name: "key", type: { kind: "int" }, secret: false }];
  assert(batchFault({ batch: { column: "k", param: "key", pieces: [] }, params }, []));
});
