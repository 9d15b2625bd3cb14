/**
 * A client process of the adversary: some workers that contend for a few locks. Its only argument is
 * its {@linkcode ContenderSetup} as JSON; orders come in, and events go out, as lines of JSON.
 */
import { TextLineStream } from "../../../deploy/local/text_lines.ts";
import { ControlClient } from "./control_client.ts";
import { EventWriter } from "./event_writer.ts";
import type { ContenderEvent, ContenderOrder, ContenderSetup } from "./events.ts";
import { HeldBack } from "./held_back.ts";
import { openMachineClock } from "./machine_clock.ts";
import { RealmgateClient } from "./realmgate_client.ts";
import { Worker } from "./worker.ts";

const setup: ContenderSetup = JSON.parse(Deno.args[0] ?? "{}");
const clock = openMachineClock();
const encoder = new TextEncoder();
const tell = (event: ContenderEvent) => {
  // At once, and whole: what was told stays told, even if the process is killed next.
  const line = encoder.encode(`${JSON.stringify(event)}\n`);
  for (let sent = 0; sent < line.length;) sent += Deno.stdout.writeSync(line.subarray(sent));
};
const stop = new AbortController();
const heldBack = new HeldBack();
const locks = setup.system === "control"
  ? new ControlClient(setup, clock)
  : new RealmgateClient(setup);
const writer = new EventWriter(setup, { clock, tell });
const workers = Array.from(
  { length: setup.workers },
  (_, number) =>
    new Worker({ setup, locks, writer, heldBack, clock, tell, stop: stop.signal }, number),
);

void obey();
// The first requests of a process take long; none of them shall be a place in line.
await Promise.all(
  workers.flatMap(() =>
    setup.services.map(async (url) => await (await fetch(`${url}/livez`)).body?.cancel())
  ),
);
tell({ kind: "ready" });
await Promise.all(workers.map((worker) => worker.run()));
locks.close();
Deno.exit(0);

async function obey(): Promise<void> {
  const lines = Deno.stdin.readable.pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const { order }: ContenderOrder = JSON.parse(line);
    if (order === "hold") heldBack.want();
    else if (order === "go") heldBack.go();
    else break;
  }
  // Also when whoever started it is gone.
  heldBack.go();
  stop.abort();
}
