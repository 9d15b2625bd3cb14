import { z } from "zod";
import type { Primacy } from "./primacy.ts";
import type { Observation } from "./topology_state.ts";

/** What one process knows of a shard: what another may learn from it. */
export interface ShardReport {
  readonly shard: string;
  /** What was agreed on last. */
  readonly primacy: Omit<Primacy, "heardAt">;
  /** The newest look at each node, its times on the clock of whoever has the report. */
  readonly looks: readonly Observation[];
}

/** How a process's own times become the fleet's, or back; `undefined` while it cannot tell. */
export type Conversion = (ms: number) => number | undefined;

const absent = <T extends z.ZodType>(type: T) =>
  type.nullable().transform((value) => value ?? undefined);

/** What processes of an older version do not tell. */
const untold = z.string().nullish().transform((value) => value ?? undefined);

const look = z.object({
  node: z.string(),
  beganAt: z.number(),
  /** How long it took, in milliseconds. */
  tookMs: z.number().min(0),
  up: z.boolean(),
  refused: z.boolean(),
  trouble: absent(z.string()),
  writable: absent(z.boolean()),
  applying: absent(z.boolean()),
  heartbeat: absent(z.number()),
  position: untold,
  committed: untold,
  semiSync: absent(z.boolean()),
  version: absent(z.string()),
  connections: absent(z.object({ max: z.number(), used: z.number() })),
});

const message = z.object({
  by: z.string(),
  shard: z.string(),
  primary: z.string().nullable(),
  epoch: z.number(),
  unseenMs: z.number(),
  looks: z.array(look),
});

/**
 * A report as it travels: one JSON text, its times the fleet's.
 *
 * @param options.by who sends it
 * @returns `undefined` while the times cannot be converted
 */
export function encodeReport(
  report: ShardReport,
  options: { readonly by: string; readonly toFleet: Conversion },
): string | undefined {
  const { shard, primacy: { primary, epoch, unseenMs } } = report;
  const looks = report.looks.flatMap((one) => {
    const { wallMs: _, endedAt, ...rest } = one;
    const beganAt = options.toFleet(one.beganAt);
    return beganAt === undefined ? [] : [{ ...rest, beganAt, tookMs: endedAt - one.beganAt }];
  });
  if (looks.length < report.looks.length) return undefined;
  return JSON.stringify(
    { by: options.by, shard, primary, epoch, unseenMs, looks },
    (_key, value) => value === undefined ? null : value,
  );
}

/**
 * Reads a report, with its times on this process's clock.
 *
 * @param options.now the present on both of this process's clocks
 * @returns who sent it and what it says; `undefined` if it is not one, as from another version, or
 * while the times cannot be converted
 */
export function decodeReport(
  text: string,
  options: {
    readonly toLocal: Conversion;
    readonly now: { readonly ms: number; readonly wallMs: number };
  },
): { readonly by: string; readonly report: ShardReport } | undefined {
  const { toLocal, now } = options;
  const parsed = message.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { by, shard, primary, epoch, unseenMs } = parsed.data;
  const looks: Observation[] = [];
  for (const { tookMs, ...rest } of parsed.data.looks) {
    const beganAt = toLocal(rest.beganAt);
    if (beganAt === undefined) return undefined;
    // Its wall clock was another's: when it was by this process's own is what can be compared.
    const wallMs = Math.floor(now.wallMs - (now.ms - beganAt));
    looks.push({ ...rest, beganAt, endedAt: beganAt + tookMs, wallMs });
  }
  return { by, report: { shard, primacy: { primary, epoch, unseenMs }, looks } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
