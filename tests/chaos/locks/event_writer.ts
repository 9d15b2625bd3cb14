import type { ContenderEvent, ContenderSetup, ContestedLock } from "./events.ts";
import type { ClientGrant } from "./lock_client.ts";
import type { MachineClock } from "./machine_clock.ts";

/** The statement that holders write with. */
const STATEMENT = "event.append";
const PATIENCE_MS = 10_000;

/**
 * Writes into the game's database what a holder does under its lock: one event of the lock's player,
 * with the grant in it, so that the table tells in which order the writes landed. Under Realmgate's
 * locks it carries the fence.
 */
export class EventWriter {
  readonly #setup: ContenderSetup;
  readonly #clock: MachineClock;
  readonly #tell: (event: ContenderEvent) => void;
  #writes = 0;

  constructor(
    setup: ContenderSetup,
    options: {
      readonly clock: MachineClock;
      readonly tell: (event: ContenderEvent) => void;
    },
  ) {
    this.#setup = setup;
    this.#clock = options.clock;
    this.#tell = options.tell;
  }

  /** Writes once, wherever it may get to. Never fails. */
  async write(
    lock: ContestedLock,
    { ask, grant, service }: {
      readonly ask: string;
      readonly grant: ClientGrant;
      readonly service: number;
    },
  ): Promise<void> {
    const { services, apiKey, client } = this.#setup;
    const write = `${client}.w${this.#writes++}`;
    this.#tell({ kind: "write", ask, write, at: this.#clock() });
    let [status, code] = [0, "no_answer"];
    try {
      const response = await fetch(
        `${services[Math.max(0, service) % services.length]}/v1/exec/${STATEMENT}`,
        {
          method: "POST",
          headers: {
            authorization: `Bearer ${apiKey}`,
            "content-type": "application/json",
            ...(grant.fence === "" ? {} : { "realmgate-fence": `${lock.name}=${grant.fence}` }),
          },
          body: JSON.stringify({
            params: { playerId: lock.playerId, kind: lock.name, payload: { ask, write } },
          }),
          signal: AbortSignal.timeout(PATIENCE_MS),
        },
      );
      const body = await response.json();
      [status, code] = [response.status, String(body["code"] ?? "")];
    } catch (error) {
      code = String(error);
    }
    this.#tell({ kind: "wrote", write, status, code, at: this.#clock() });
  }
}
