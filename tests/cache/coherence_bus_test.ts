import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { redisCommand } from "../support/redis_command.ts";
import { intend, PLACE, withBuses, write } from "./bus_fixture.ts";

Deno.test("CoherenceBus holds the lease once it is initialized, and puts others' writes in doubt", () =>
  withBuses(async ({ isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    assertEquals([one.holds(), two.holds(), two.isSound("x")], [true, true, true]);
    const [intent] = await intend(one.bus, ["x"]);
    await eventually(() => !two.isSound("x"));
    assertEquals([two.isSound("y"), two.effects.at(-1)], [true, "drop x"]);
    two.effects.length = 0;
    if (intent !== undefined) one.bus.done(intent, PLACE);
    await eventually(() => two.isSound("x"));
    assertEquals(two.effects, ["written x at 0-1-5", "drop x"]);
  }));

Deno.test("CoherenceBus closes the doubt of a write that was refused, and drops nothing more", () =>
  withBuses(async ({ isolate, open }) => {
    const [one, two] = [await isolate(), await isolate()];
    const { intent } = await one.bus.intend(write("x"));
    await eventually(() => !two.isSound("x"));
    two.effects.length = 0;
    one.bus.aborted(intent);
    await eventually(() => two.isSound("x"));
    assertEquals([two.effects, await open()], [[], []]);
  }));

Deno.test("CoherenceBus knows of its own write before others are told of its end", () =>
  withBuses(async ({ isolate }) => {
    const one = await isolate();
    const { intent } = await one.bus.intend(write("x"));
    one.effects.length = 0;
    one.bus.done(intent, PLACE);
    assertEquals(one.effects, ["written x at 0-1-5", "drop x"]);
  }));

Deno.test("CoherenceBus drops tags here at once, and everywhere before it says so", () =>
  withBuses(async ({ isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    two.effects.length = 0;
    await one.bus.drop({ tags: ["x", "y"], place: undefined });
    assert(one.effects.includes("drop x,y"));
    await two.redis.ping();
    assertEquals(two.effects, ["written x,y at undefined", "drop x,y"]);
  }));

Deno.test("CoherenceBus records no intent when sessions cannot be named, and tells of the end", () =>
  withBuses(async ({ isolate, open }) => {
    const [one, two] = [await isolate({ proxied: true }), await isolate()];
    const { intent, recorded } = await one.bus.intend(write("x"));
    assertEquals([recorded, await open()], [false, []]);
    two.effects.length = 0;
    one.bus.done(intent, PLACE);
    await eventually(() => two.effects.includes("drop x"));
  }));

Deno.test("CoherenceBus records many writes at once, each with its own intent", () =>
  withBuses(async ({ isolate, open }) => {
    const [one, two] = [await isolate(), await isolate()];
    const intents = await intend(one.bus, Array.from({ length: 40 }, (_, at) => `tag:${at}`));
    await eventually(() => two.bus.coherence.doubts === 40);
    for (const intent of intents) one.bus.done(intent, PLACE);
    await eventually(() => two.bus.coherence.doubts === 0);
    assertEquals(await open(), []);
  }));

Deno.test("CoherenceBus does not record a write's intent while Redis hangs, and says so in time", () =>
  withBuses(async ({ server, isolate, open }) => {
    const one = await isolate();
    server.kill("SIGSTOP");
    const hanging = await one.bus.intend(write("x"));
    assertEquals(hanging.recorded, false);
    await eventually(() => one.redis.state === "down");
    const away = await one.bus.intend(write("y"));
    assertEquals(away.recorded, false);
    one.bus.done(hanging.intent, PLACE);
    one.bus.done(away.intent, PLACE);
    server.kill("SIGCONT");
    // Its end is told all the same: the intent may have been recorded by the time it is read.
    await eventually(async () => one.holds() && (await open()).length === 0);
    await eventually(() => one.bus.coherence.doubts === 0);
  }));

Deno.test("CoherenceBus stops answering when Redis is stopped, and begins anew when it goes on", () =>
  withBuses(async ({ server, isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    server.kill("SIGSTOP");
    await eventually(() => !one.holds() && !two.holds());
    one.effects.length = 0;
    server.kill("SIGCONT");
    await eventually(() => one.holds() && two.holds());
    assertEquals(one.effects, ["drop all", "forget"]);
  }));

Deno.test("CoherenceBus begins to hold the lease when Redis comes later than it", () =>
  withBuses(async ({ server, isolate }) => {
    await server.stop();
    const one = await isolate();
    assertEquals([one.holds(), one.isSound("x")], [false, false]);
    await server.start();
    await eventually(() => one.holds());
  }));

Deno.test("CoherenceBus catches up by the log when its connection is closed, and drops nothing else", () =>
  withBuses(async ({ server, log, isolate }) => {
    const one = await isolate();
    one.effects.length = 0;
    await redisCommand(server, "CLIENT KILL TYPE pubsub");
    await log.record([{ kind: "dropped", tags: ["x"], place: undefined }]);
    await eventually(() => one.effects.includes("drop x"));
    await eventually(() => one.redis.state === "up");
    await one.bus.renew();
    assertEquals(one.effects, ["written x at undefined", "drop x"]);
    assertEquals(one.bus.coherence.ask(performance.now()), "plain");
  }));

Deno.test("CoherenceBus takes in order what is missing when a later message shows a gap", () =>
  withBuses(async ({ log, isolate }) => {
    const one = await isolate();
    one.effects.length = 0;
    one.deaf = true;
    await log.record([{ kind: "dropped", tags: ["x"], place: undefined }]);
    await one.redis.ping();
    one.deaf = false;
    await log.record([{ kind: "dropped", tags: ["y"], place: undefined }]);
    await eventually(() => one.effects.includes("drop y"));
    assertEquals(one.effects.filter((effect) => effect.startsWith("drop")), ["drop x", "drop y"]);
  }));

Deno.test("CoherenceBus begins anew after a message that it cannot read", () =>
  withBuses(async ({ server, log, isolate }) => {
    const one = await isolate();
    one.effects.length = 0;
    for (const text of ["nonsense", '"1 2 3 [[\\"?\\"]]"']) {
      await redisCommand(server, `PUBLISH ${log.channel} ${text}`);
    }
    await one.redis.ping();
    await one.bus.renew();
    assertEquals([one.effects, one.holds()], [["drop all", "forget"], true]);
  }));

Deno.test("CoherenceBus tells an emptied Redis of the writes that are under way", () =>
  withBuses(async ({ server, isolate, open }) => {
    const [one, two] = [await isolate(), await isolate()];
    const { intent } = await one.bus.intend(write("x"));
    await eventually(() => !two.isSound("x"));
    await redisCommand(server, "FLUSHALL");
    // The first round finds that there is another epoch, which the second may begin for all.
    for (let round = 0; round < 2; round++) await Promise.all([one.bus.renew(), two.bus.renew()]);
    await eventually(async () => (await open()).some(({ id }) => id === intent.id));
    assertEquals(one.bus.coherence.epoch, two.bus.coherence.epoch);
    one.bus.done(intent, PLACE);
    // What another isolate told again may come after the end; it is closed once more.
    await eventually(async () => (await open()).length === 0);
    await eventually(() => one.bus.coherence.doubts + two.bus.coherence.doubts === 0);
  }));

Deno.test("CoherenceBus closes an intent of its own that arrives after its end", () =>
  withBuses(async ({ log, isolate, open }) => {
    const [one, two] = [await isolate(), await isolate()];
    const { intent } = await one.bus.intend(write("x"));
    one.bus.done(intent, PLACE);
    await eventually(() => two.effects.includes("written x at 0-1-5"));
    two.effects.length = 0;
    // As from a connection that was given up.
    await log.record([intent]);
    await eventually(async () => (await open()).length === 0);
    await eventually(() => two.isSound("x"));
    // Whether everybody knew of the end is not known: loads must see all until now.
    assert(two.effects.includes("written x at undefined"));
  }));

Deno.test("CoherenceBus closes an intent of its own that it finds in the log after its end", () =>
  withBuses(async ({ log, isolate, open }) => {
    const one = await isolate();
    const { intent } = await one.bus.intend(write("x"));
    one.bus.done(intent, PLACE);
    await eventually(async () => (await open()).length === 0);
    one.deaf = true;
    await log.record([intent]);
    await one.redis.ping();
    one.deaf = false;
    await one.bus.renew();
    await eventually(async () => (await open()).length === 0);
    await eventually(() => one.isSound("x"));
  }));

Deno.test("CoherenceBus leaves an intent alone whose write has not ended", () =>
  withBuses(async ({ log, isolate, open }) => {
    const one = await isolate();
    const { intent } = await one.bus.intend(write("x"));
    await log.record([intent]);
    await one.bus.renew();
    await one.redis.ping();
    assertEquals((await open()).map(({ id }) => id), [intent.id]);
    assertEquals(one.isSound("x"), false);
  }));

Deno.test("CoherenceBus tells the end of a write again when Redis refused it without a new connection", () =>
  withBuses(async ({ server, isolate, open }) => {
    const [one, two] = [await isolate(), await isolate()];
    const { intent } = await one.bus.intend(write("x"));
    await eventually(() => !two.isSound("x"));
    await redisCommand(server, "CONFIG SET min-replicas-to-write 1");
    one.bus.done(intent, PLACE);
    await one.redis.ping();
    await redisCommand(server, "CONFIG SET min-replicas-to-write 0");
    await one.bus.renew();
    await eventually(async () => (await open()).length === 0);
    assertEquals(one.redis.state, "up");
    await eventually(() => two.isSound("x"));
  }));

Deno.test("CoherenceBus tells what it has to tell before it is shut down", () =>
  withBuses(async ({ isolate, open }) => {
    const one = await isolate();
    const { intent } = await one.bus.intend(write("x"));
    one.bus.done(intent, PLACE);
    await one.bus.shutdown();
    assertEquals(await open(), []);
  }));
