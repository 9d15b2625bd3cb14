import { assertEquals } from "@std/assert";
import { ReadFloors } from "../../src/query/read_floors.ts";
import { TopologyView, unknownShard } from "../../src/routing/topology_view.ts";
import { ManualClock } from "../support/manual_clock.ts";

const NODES = ["a", "b"].map((name) => ({
  name,
  shard: "s1",
  host: "127.0.0.1",
  port: 1,
  weight: 1,
}));
const SPEC = { name: "s1", role: "auto", nodes: NODES } as const;

/** Floors on a view of one shard whose primary is `a`. */
class Setting {
  readonly clock = new ManualClock();
  readonly view = new TopologyView({ shards: [SPEC], clock: this.clock });
  readonly floors: ReadFloors;

  constructor() {
    this.look("0-1-10");
    this.floors = new ReadFloors(this);
    this.clock.advance(10);
    this.look("0-1-100");
  }

  /** The primary is looked at a moment later: looks are dated a little early. */
  look(position: string, epoch = "5"): void {
    this.clock.advance(10);
    const told = unknownShard(SPEC);
    const nodes = told.nodes.map((node) =>
      node.name === "a"
        ? { ...node, role: "primary" as const, position, observedAt: this.clock.wallMs() }
        : node
    );
    this.view.apply({
      at: this.clock.wallMs(),
      shards: [{ ...told, nodes, primary: "a", status: "ok", epoch }],
    });
    this.clock.advance(10);
  }

  need(...tags: string[]): string | undefined {
    const need = this.floors.need("s1", tags);
    return need === undefined || need === "primary" ? need : need.text;
  }
}

const at = (position: string, epoch = "5") => ({ shard: "s1", epoch, position });

Deno.test("ReadFloors needs the primary until a look began after it was made", () => {
  const setting = new Setting();
  assertEquals(setting.need("t"), "0-1-100");
  setting.floors.forget();
  assertEquals(setting.need("t"), "primary");
  setting.look("0-1-101");
  assertEquals(setting.need("t"), "0-1-101");
});

Deno.test("ReadFloors needs a write's position for its tags alone when it is recent", () => {
  const setting = new Setting();
  setting.floors.written(["t"], at("0-1-200"));
  assertEquals([setting.need("t"), setting.need("u")], ["0-1-200", "0-1-100"]);
  assertEquals(setting.need("u", "t"), "0-1-200");
  setting.floors.written(["t"], at("0-1-150"));
  assertEquals(setting.need("t"), "0-1-200");
});

Deno.test("ReadFloors needs an old write's position for every tag when it is seconds old", () => {
  const setting = new Setting();
  setting.floors.written(["t"], at("0-1-200"));
  for (let turn = 0; turn < 2; turn++) {
    setting.clock.advance(6_000);
    setting.floors.written(["v"], at("0-1-110"));
  }
  assertEquals(setting.need("u"), "0-1-200");
});

Deno.test("ReadFloors needs the primary when a write's position is not known yet", () => {
  const setting = new Setting();
  setting.floors.written(["t"], at(""));
  assertEquals([setting.need("t"), setting.need("u")], ["primary", "0-1-100"]);
  setting.look("0-1-300");
  assertEquals(setting.need("t"), "0-1-300");
  setting.floors.written(["t"], undefined);
  assertEquals(setting.need("t"), "primary");
});

Deno.test("ReadFloors needs the new primary's position when the shard's epoch has changed", () => {
  const setting = new Setting();
  setting.floors.written(["t"], at("0-1-200"));
  setting.look("0-2-150", "6");
  assertEquals([setting.need("t"), setting.need("u")], ["0-2-150", "0-2-150"]);
  setting.floors.written(["t"], at("0-3-999", "7"));
  assertEquals(setting.need("t"), "primary", "an epoch that this isolate does not know yet");
  setting.look("0-3-1000", "7");
  assertEquals(setting.need("t"), "0-3-1000");
});
