import { RENEW } from "../../../src/cache/coherence_scripts.ts";
import type { Clock } from "../../../src/core/clock.ts";
import type { RedisClient } from "../../../src/drivers/redis.ts";

/** What the log answers to a renewal, and what it was asked. */
interface Answered {
  readonly ask: string;
  /** The sequence that the reader said it had seen. */
  readonly from: string;
  readonly reply: readonly unknown[];
}

/** What an isolate is shown in place of what is there. */
interface Distortion {
  /** In place of the log's answer to a renewal. */
  readonly renewed?: (answered: Answered) => readonly unknown[];
  /** In place of a message. */
  readonly message?: (text: string) => string;
  /** Whether it hears that its connection was lost. */
  readonly hidesLoss?: boolean;
}

function distort(client: RedisClient, distortion: Distortion): RedisClient {
  const { renewed = ({ reply }) => reply, message = (text) => text, hidesLoss } = distortion;
  return {
    get state() {
      return client.state;
    },
    onState: (listener) =>
      client.onState((state) =>
        state === "down" && hidesLoss === true ? undefined : listener(state)
      ),
    run: async (script, options) => {
      const reply = await client.run(script, options);
      if (script !== RENEW || !Array.isArray(reply)) return reply;
      const [ask, , , from] = options.args.map(String);
      return renewed({ ask: ask ?? "", from: from ?? "", reply });
    },
    subscribe: (channel, onMessage) =>
      client.subscribe(channel, (text) => onMessage(message(text))),
    ping: () => client.ping(),
    close: () => client.close(),
  };
}

/** Every message seems to follow the one that was seen before it, whatever was lost between. */
export function hidesGaps(client: RedisClient): RedisClient {
  let last = "0";
  return distort(client, {
    hidesLoss: true,
    renewed: ({ ask, from, reply }) => {
      last = String(Math.max(Number(last), Number(ask === "full" ? reply[1] : from)));
      return reply;
    },
    message: (text) => {
      const [epoch, , sequence, ...events] = text.split(" ");
      const shown = [epoch, last, sequence, ...events].join(" ");
      last = sequence ?? last;
      return shown;
    },
  });
}

/** The log seems to have nothing that the isolate has not seen. */
export function hidesNews(client: RedisClient): RedisClient {
  return distort(client, {
    hidesLoss: true,
    renewed: ({ ask, from, reply }) => ask === "plain" ? [reply[0], from] : reply,
  });
}

/** What the log tells seems to go back as far as it was asked for. */
export function hidesOverrun(client: RedisClient): RedisClient {
  return distort(client, {
    renewed: ({ ask, from, reply: [epoch, sequence, ...rest] }) => {
      const parts = rest[0];
      if (ask !== "log" || !Array.isArray(parts)) return [epoch, sequence, ...rest];
      return [epoch, sequence, parts.map((part, at) => at === 1 ? from : part)];
    },
  });
}

/** No write seems to be under way when all begins anew. */
export function hidesIntents(client: RedisClient): RedisClient {
  return distort(client, {
    renewed: ({ ask, reply: [epoch, sequence, ...rest] }) =>
      ask === "full" ? [epoch, sequence, rest[0], []] : [epoch, sequence, ...rest],
  });
}

/** Nothing seems to be held in a new epoch. */
export function hidesHold(client: RedisClient): RedisClient {
  return distort(client, {
    renewed: ({ ask, reply: [epoch, sequence, ...rest] }) =>
      ask === "full" ? [epoch, sequence, "0", rest[1]] : [epoch, sequence, ...rest],
  });
}

/**
 * A client that keeps the time which renewals took, and a clock that stands still through it: so the
 * lease counts from the answer and not from the question.
 */
export class AnswerClock {
  #lateMs = 0;

  readonly client = (client: RedisClient, clock: Clock): RedisClient => ({
    ...distort(client, {}),
    get state() {
      return client.state;
    },
    run: async (script, options) => {
      const sentAt = clock.now();
      const reply = await client.run(script, options);
      if (script === RENEW) this.#lateMs += clock.now() - sentAt;
      return reply;
    },
  });

  readonly clock = (clock: Clock): Clock => ({
    now: () => clock.now() - this.#lateMs,
    wallMs: () => clock.wallMs(),
    after: (delayMs, task) => clock.after(delayMs, task),
    every: (periodMs, task) => clock.every(periodMs, task),
  });
}

/** A clock on which less time passes than elsewhere. */
export function slowClock(clock: Clock): Clock {
  return {
    now: () => clock.now() / 3,
    wallMs: () => clock.wallMs(),
    after: (delayMs, task) => clock.after(delayMs, task),
    every: (periodMs, task) => clock.every(periodMs, task),
  };
}
