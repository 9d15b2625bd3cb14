import { fileURLToPath } from "node:url";
import { waitUntil } from "../../../deploy/local/wait.ts";
import { type Arena, BEHIND_VALVES, ISOLATES, PROCESSES } from "../support/arena.ts";
import { Fleet, type FleetProcess } from "../support/fleet.ts";
import type { ControlRules, ControlSetup } from "./control_setup.ts";

const PROGRAM = fileURLToPath(new URL("control_service.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));

/** Starts as many processes of the control as there are of Realmgate, at the same servers. */
export function startControls(arena: Arena, rules: ControlRules): Promise<Fleet> {
  const { service: { user, password }, database, shards } = arena.realm.stack;
  return Fleet.start(PROCESSES, ({ number, port }) =>
    startControl({
      ...rules,
      port,
      isolates: ISOLATES,
      shards: shards.map(({ primary, replicas: [replica = primary] }) => ({
        primary: `${primary.host}:${primary.port}`,
        replica: `${replica.host}:${replica.port}`,
      })),
      user,
      password,
      database,
      redis: arena.redis.address({ proxied: number === BEHIND_VALVES }),
    }));
}

async function startControl(setup: ControlSetup): Promise<FleetProcess> {
  const url = `http://127.0.0.1:${setup.port}`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", "--config", CONFIG, PROGRAM, JSON.stringify(setup)],
    // It ends when this process is gone.
    stdin: "piped",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let ended = false;
  const exited = child.status.then(({ code }) => {
    ended = true;
    return code;
  });
  const kill = (signal: Deno.Signal) => {
    if (!ended) child.kill(signal);
  };
  await waitUntil(async () => {
    if (ended) throw new Error(`Cannot start the control at ${url}: must stay up`);
    return await fetch(`${url}/readyz`).then((answer) => answer.text()).then(
      () => true,
      () => false,
    );
  }, { what: "see the control ready", timeoutMs: 60_000, everyMs: 20 });
  return {
    url,
    exited,
    kill,
    stop() {
      kill("SIGKILL");
      return exited;
    },
  };
}
